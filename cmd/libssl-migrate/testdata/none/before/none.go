package none

import _ "github.com/spacemonkeygo/openssl/other"
