package libtls
