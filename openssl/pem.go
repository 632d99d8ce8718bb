package openssl

import "bytes"

// SplitPEM returns the PEM blocks in data, without what is between them and without the end of their last line. They are
// parts of data. Lines may end in CR LF.
func SplitPEM(data []byte) [][]byte {
	var blocks [][]byte
	begin := -1
	for at := 0; at < len(data); {
		line := data[at:]
		if n := bytes.IndexByte(line, '\n'); n >= 0 {
			line = line[:n]
		}
		next := at + len(line) + 1
		line = bytes.TrimRight(line, "\r")
		switch end := at + len(line); {
		case begin < 0 && isPEMLine(line, "BEGIN"):
			begin = at
		case begin >= 0 && isPEMLine(line, "END"):
			blocks = append(blocks, data[begin:end:end])
			begin = -1
		}
		at = next
	}
	return blocks
}

// isPEMLine reports whether line is one as -----BEGIN CERTIFICATE-----.
func isPEMLine(line []byte, word string) bool {
	dashes := []byte("-----")
	rest, ok := bytes.CutPrefix(line, dashes)
	return ok && bytes.HasSuffix(rest, dashes) && bytes.HasPrefix(bytes.TrimLeft(rest, "- \t"), []byte(word))
}
