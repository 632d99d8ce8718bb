package openssl

import _ "github.com/spacemonkeygo/openssl/utils"
