package libtls

// Elsewhere are the rows of libtls' semantics that are no clause here, and why.
func Elsewhere() map[string]string {
	return map[string]string{
		"C-12":  "0 and -1 are nil and an error in Go",
		"C-13":  "an error is returned where it happens and is not kept",
		"C-14":  "codes are LibreSSL's alone; errors match with errors.Is instead",
		"TK-29": "nothing that a program does makes libcrypto fail to set up a cipher",
		"TK-30": "a race shows in nothing that is certain; TestKeysWhileHandshakes of package libtls looks for one with the race detector",
		"TK-31": "a revision of 0 is drawn once in 4 billion times, and is one like any other (TK-8)",
		"RW-17": "no program can have a completed handshake without a session",
		"RW-18": "it takes a file system that is full; TestNoRoomForSession of package libtls has our answer by another way",
		"RW-22": "there are no failures without an error in Go",
		"RS-9":  "LibreSSL's own libssl has no TLS 1.3 tickets; this package is for OpenSSL's",
		"RS-22": "it takes a LibreSSL beside an OpenSSL; libtls/libretls_linux_test.go has libretls as the other side",
	}
}
