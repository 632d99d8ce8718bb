package libcrypto

// #include "crypto.h"
import "C"

// ShortName returns the short name of the object that has the number.
func ShortName(nid int) (string, error) {
	r := C.glscrypto_OBJ_nid2sn(clip(nid))
	if err := check(r); err != nil {
		return "", err
	}
	return C.GoString((*C.char)(r.ptr)), nil
}
