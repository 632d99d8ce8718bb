package conformance

import (
	"fmt"
	"slices"
)

// A Version is a libssl release line, ordered: major in the high byte, minor in the low one.
type Version uint16

// The release lines on which every expectation has been measured.
const (
	V1_1_1 Version = 0x101
	V3_0   Version = 0x300
	V3_5   Version = 0x305
	V3_6   Version = 0x306
	V4_0   Version = 0x400
)

var measured = []Version{V1_1_1, V3_0, V3_5, V3_6, V4_0}

// VersionOf picks the release line out of what OpenSSL_version_num returns. Major and minor sit in the
// same bits before and after the change of layout in 3.0.
func VersionOf(number uint64) Version {
	return Version(number>>28&0xf)<<8 | Version(number>>20&0xff)
}

func (v Version) String() string {
	if v == V1_1_1 {
		return "1.1.1"
	}
	return fmt.Sprintf("%d.%d", v>>8, v&0xff)
}

// Rules names the measured release line whose expectations are used for v: v itself, or else the
// nearest below it. Below the oldest it is the oldest.
func (v Version) Rules() Version {
	i, found := slices.BinarySearch(measured, v)
	if found || i == 0 {
		return measured[i]
	}
	return measured[i-1]
}
