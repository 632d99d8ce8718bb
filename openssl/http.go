package openssl

import "net/http"

// ListenAndServeTLS serves HTTP over TLS at a TCP address, ":https" if it is empty, with the certificate and the private
// key in two PEM files. It returns when it fails.
func ListenAndServeTLS(addr string, cert_file string, key_file string, handler http.Handler) error {
	return ServerListenAndServeTLS(&http.Server{Addr: addr, Handler: handler}, cert_file, key_file)
}

// ServerListenAndServeTLS is [ListenAndServeTLS] for a server that is set up already. After srv.Shutdown or srv.Close it
// returns [http.ErrServerClosed].
func ServerListenAndServeTLS(srv *http.Server, cert_file, key_file string) error {
	addr := srv.Addr
	if addr == "" {
		addr = ":https"
	}
	ctx, err := NewCtxFromFiles(cert_file, key_file)
	if err != nil {
		return err
	}
	l, err := Listen("tcp", addr, ctx)
	if err != nil {
		return err
	}
	return srv.Serve(l)
}
