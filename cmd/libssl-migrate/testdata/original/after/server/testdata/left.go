package left

import _ "github.com/spacemonkeygo/openssl"
