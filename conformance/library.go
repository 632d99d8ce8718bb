package conformance

import (
	"bufio"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-libssl/libssl"
)

// A Library is the libssl that was asked.
type Library struct {
	Version string // what it calls itself: "OpenSSL 3.0.22 …"
	Number  uint64 // OpenSSL_version_num()
	Headers string // what the binding was compiled with; "" if it does not tell
	Path    string // the file it was loaded from; "" if that can't be told, or it is linked in
	Preload string // LD_PRELOAD, which may have put other code in its place
}

// Loaded is the libssl that this process uses.
func Loaded() Library {
	return Library{
		Version: libssl.Version(),
		Headers: libssl.HeaderVersion(),
		Number:  libssl.VersionNumber(),
		Path:    mappedLibssl(),
		Preload: os.Getenv("LD_PRELOAD"),
	}
}

// Line is the release line whose clauses apply.
func (l Library) Line() Version { return VersionOf(l.Number) }

// mappedLibssl finds libssl among the files that are mapped into this process, where /proc tells.
func mappedLibssl() string {
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		return ""
	}
	defer maps.Close()
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if i := slices.IndexFunc(fields, isLibssl); i >= 0 {
			return fields[i]
		}
	}
	return ""
}

func isLibssl(path string) bool { return strings.HasPrefix(filepath.Base(path), "libssl.so") }
