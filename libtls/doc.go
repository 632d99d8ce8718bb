// Package libtls is libtls for Go: the configuration and the connections of LibreSSL's tls.h, with the semantics of its
// session functions, over OpenSSL's libssl.
//
// A [Config] is a struct tls_config, a [Server] a listening struct tls, a [Conn] the struct tls of one connection and a
// net.Conn. Names are those of C without tls_ and config_: tls_config_set_session_fd is [Config.SetSessionFD]. What has
// failed is returned where it failed, in libtls' words, and not kept: test it with errors.Is and the Err variables.
// docs/libtls.md has a table of all functions, and what each became.
//
// # Sessions
//
// A client keeps its session in a file that the program has opened, a server seals its sessions in tickets and keeps
// nothing:
//
//	client.SetSessionFile(f)             // mode 0600, the user's own
//	server.SetSessionLifetime(time.Hour) // turns sessions on
//	server.SetSessionID(id)              // servers that resume each other's sessions have the same one,
//	server.AddTicketKey(rev, key)        // and the same keys
//
// In TLS 1.3 the session comes with a ticket after the handshake, when the client reads: one that never reads has none.
//
// The file holds one session in PEM, with its secrets, as openssl sess_id reads it; libretls and openssl s_client use
// such files too. It is read when the connection is made, and written when a handshake is over and when a ticket
// arrives. An empty file is no session; one that holds something else is [ErrSessionFileParse] unless HealSessionFile is
// set.
//
// # Whom a session lets in
//
// Resumption skips the verification of certificates. So before it there is a look at whom it would let in, and where that
// fails there is a full handshake:
//
//   - A client offers a session if the server's certificate in it passes a verification at that moment, with the CAs, the
//     revocation lists, the time and the name that a full handshake would be made with. Beside that it marks its sessions
//     with the settings that their full handshake was made under, and offers them under the same alone. With the mark
//     the intermediate certificates are kept, which a session itself does not hold: the session of another program, which
//     has no mark, is not offered below an intermediate CA that is not trusted itself. The status by OCSP is that of the
//     full handshake.
//   - The session id context of a server that verifies clients depends on its settings for that, beside the id. A server
//     that does not verify has the id alone, as in libtls. A ticket whose certificate is not valid at the moment is not
//     taken up. That the certificate has been revoked since, or its CA is not trusted any more in a directory, counts when
//     the session's lifetime is over; with other settings at once.
//
// With [Config.LegacyResumption] sessions are resumed as libtls does.
//
// # Better than libtls
//
// Where libtls is at fault this package does something else on purpose. The letters are the clauses of sslconform run
// -suite libtls, the names tests of this package.
//
//   - RS-7, RS-8: TLS 1.3 resumes from the session file. The session is saved from the callback for new ones, and at the
//     end of a handshake, but not where that one can't be resumed (TestResumption).
//   - RS-14, RS-15, RS-16: no session is offered that was made under other trust, without verification, or for another
//     name, or whose certificate would not pass by now (TestOtherTrust, TestMadeWithoutVerification, TestOtherName,
//     TestForeignSession, TestExpiredCertificate, TestTrustThatEnds, TestIntermediateInSession).
//   - RS-18: no server that demands a client's certificate takes up a session that was made without, nor one whose
//     certificate has expired (TestClientCertificateRequired, TestClientCertificateExpired).
//   - RW-9: HealSessionFile replaces what is no session (TestNoSession, TestSessionFileSize).
//   - RW-11: the session in the file is replaced in steps, such that after each of them, and within each after every byte,
//     it holds the old or the new one whole (TestRewriteIsNeverHalfDone); when there is no room it keeps the old one
//     (TestNoRoomForSession). On Linux other processes are kept out meanwhile by a lock, as of flock(2), on a descriptor of
//     our own (TestManyWriters, TestLockedFile, TestProgramsOwnLock). A connection waits for it for about a second
//     when it is made, and for another one in all while it lasts, and then goes on without it; no deadline ends that
//     (TestPatience). Beside the Handshake or the Read that saves no call waits, but what a Write has written meanwhile is
//     sent after it (TestLockedFileHoldsUpNobody). Without /proc there is no such descriptor, and only the connections of
//     the process are kept from each other (TestWithoutOwnDescriptor). The file stays the one that the descriptor is of,
//     so whoever has it open, a program in C too, goes on with it.
//   - RW-12: nor does a descriptor with O_APPEND spoil the file (TestAppendingDescriptor).
//   - RW-3: when the descriptor's number has become another file's that is left alone (TestDescriptorUsedAgain).
//   - RW-19: the failure to save a session is final, as every other failure of a handshake; that of a ticket which comes
//     later is told by Close, and does not disturb the reading (TestReadOnlyFile, TestNoRoomForSession).
//   - TK-8, TK-31: revision 0 is a key like any other (TestAddTicketKey, TestKeyZero, TestAutomaticKeys).
//   - TK-15, LT-6, C-10: when all keys have aged there is no ticket; the handshake fails with StrictTicketKeys only
//     (TestStrictTicketKeys, TestKeysAge).
//   - TK-30: the keys are guarded by a lock, and overwritten when nobody has them any more (TestKeysWhileHandshakes,
//     TestKeysAreWiped); private keys are overwritten too (TestPrivateKeysAreWiped).
//   - C-11: with a lifetime of 0 a server of TLS 1.3 sends no tickets, which would be of no use (TestSessionWithoutTicket).
//   - C-13: an error is returned and not kept, so that none outlives its cause (TestSessionID and all others).
//   - O-3: the failure of a handshake is final (TestFailedHandshake, TestVerification).
//   - What holds no CRL is refused when it is used, and not each certificate for want of one; an error of a certificate has
//     no remains of earlier ones in its text (TestSettersBesideLibretls).
//   - O-1: what is not known of a certificate's status is no error (TestOCSPRequired).
//   - A connection whose transport ends without close_notify is io.ErrUnexpectedEOF where libtls says end of file; Close
//     returns [ErrEOFWithoutCloseNotify] as there (TestCut).
//   - An OCSP response that a client requires is required in full handshakes: a resumed one has none, in TLS 1.3 too
//     (TestOCSPRequired).
package libtls
