package openssl

// SSLRecordSize is how many bytes of a program's a record of TLS carries at most.
const SSLRecordSize = 16 * 1024
