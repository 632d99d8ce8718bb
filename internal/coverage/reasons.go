package main

// another says which Go name does what a C function does without calling it, and why.
type another struct{ goName, why string }

// instead are the names that Go reaches another way.
var instead = map[string]another{
	"SSL_cache_hit":       {"SSL.SessionReused", "a macro for SSL_session_reused"},
	"SSL_get0_session":    {"SSL.Session", "a macro for SSL_get_session"},
	"SSL_get1_session":    {"SSL.Session", "which gives a copy, not a reference"},
	"SSL_get_time":        {"Session.Time", "a macro for SSL_SESSION_get_time"},
	"SSL_get_timeout":     {"Session.Timeout", "a macro for SSL_SESSION_get_timeout"},
	"SSL_set_time":        {"Session.SetTime", "a macro for SSL_SESSION_set_time"},
	"SSL_set_timeout":     {"Session.SetTimeout", "a macro for SSL_SESSION_set_timeout"},
	"SSL_set_SSL_CTX":     {"SSL.SetCtx", "which carries more over; Ctx.SetServerNameCallback does so when it returns another Ctx"},
	"SSL_copy_session_id": {"SSL.CopySessionID", "step by step: the C function makes both SSLs share their certificates, without a lock"},

	"SSL_CTX_sess_get_get_cb":    {"Ctx.GetSessionCallback", "which returns the Go function"},
	"SSL_CTX_sess_get_new_cb":    {"Ctx.NewSessionCallback", "which returns the Go function"},
	"SSL_CTX_sess_get_remove_cb": {"Ctx.RemoveSessionCallback", "which returns the Go function"},

	"SSL_CTX_get_keylog_callback": {"Ctx.KeylogCallback", "which returns the Go function"},

	"SSL_CTX_set_info_callback": {"Ctx.SetInfoCallback", "by SSL_set_info_callback on each SSL that is made"},
	"SSL_CTX_set_msg_callback":  {"Ctx.SetMsgCallback", "by SSL_set_msg_callback on each SSL that is made"},

	"d2i_SSL_SESSION_bio": {"ReadSession", "from an io.Reader"},
	"i2d_SSL_SESSION_bio": {"Session.WriteTo", "to an io.Writer"},

	"PEM_read_SSL_SESSION":  {"ParseSessionPEM", "the same for a FILE, which Go has none of"},
	"PEM_write_SSL_SESSION": {"Session.MarshalText", "the same for a FILE"},
	"SSL_SESSION_print_fp":  {"Session.Print", "the same for a FILE"},
}

// reasons are the names that Go does not offer, though the binding itself may use them.
var reasons = map[string]string{
	"BIO_ssl_copy_session_id": "for chains of BIOs with an SSL in each, which the binding does not have",
	"SSL_SESSION_up_ref":      "a Session is a value: Session.Clone",
	"d2i_SSL_SESSION_ex":      "for a library context of one's own; the binding works in the default one, where d2i_SSL_SESSION does the same",

	"SSL_SESSION_get_ex_new_index": "data beside the value would be lost with the first copy and can't be stored; Session.SetTicketAppData holds what belongs to a session",
	"SSL_SESSION_get_ex_data":      "as SSL_SESSION_get_ex_new_index",
	"SSL_SESSION_set_ex_data":      "as SSL_SESSION_get_ex_new_index",
	"SSL_SESSION_get_app_data":     "as SSL_SESSION_get_ex_new_index",
	"SSL_SESSION_set_app_data":     "as SSL_SESSION_get_ex_new_index",
}
