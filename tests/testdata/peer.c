/*
 * peer ROLE PORT VERSION DISTURBANCE EVERY CERT KEY: a TLS peer that echoes what it reads and meanwhile does
 * what TLS allows and few programs expect.
 *
 *   ROLE         server: listens on the loopback interface, prints its port and serves one connection.
 *                client: connects to PORT.
 *   VERSION      1.2 or 1.3, the only one allowed.
 *   DISTURBANCE  renegotiate, keyupdate (which asks for one in return), auth (a server asks for the client's
 *                certificate after the handshake) or none; made each time that EVERY bytes have been echoed.
 *   CERT, KEY    PEM files, for a server.
 *
 * Lines on standard input: "disturb" does it once, now; "calm" never again by itself; "hold" neither reads nor
 * writes until "go"; "flood" disturbs without end and reads nothing until "go"; "say TEXT" sends TEXT; "tickets N"
 * sets how many tickets a TLS 1.3 server sends at a time, which is none before. Each is answered by "ok". It ends when
 * the other side's close_notify has come and all is echoed, with a line that says what was done.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

enum { CHUNK = 16384, LIMIT = 1 << 20 };

static SSL *ssl;
/* What ssl has put out and the socket has not taken: libssl is never left with half a record, since a read that has to
 * answer would fail then. */
static BIO *out;
static int fd, is_server, hold, flood, ended;
static const char *disturbance;
static unsigned long every, since, echoed, disturbed, verified;
static unsigned char *buf; /* to be echoed: buf[start:start+len] */
static size_t start, len, cap;

static void die(const char *what) {
    printf("failed: %s, errno %d\n", what, errno);
    ERR_print_errors_fp(stdout);
    exit(1);
}

/* Accepts any certificate. */
static int on_verify(int ok, X509_STORE_CTX *x) {
    (void)ok, (void)x;
    verified++;
    return 1;
}

static int connected(int port) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    socklen_t n = sizeof a;
    int one = 1, small = 32768, s = socket(AF_INET, SOCK_STREAM, 0), c = s;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (s < 0)
        die("socket");
    if (getenv("PEER_SMALL_BUFFERS") != NULL) {
        setsockopt(s, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
        setsockopt(s, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    }
    if (!is_server) {
        if (connect(s, (struct sockaddr *)&a, sizeof a) != 0)
            die("connect");
    } else {
        if (bind(s, (struct sockaddr *)&a, sizeof a) != 0 || listen(s, 1) != 0 ||
            getsockname(s, (struct sockaddr *)&a, &n) != 0)
            die("listen");
        printf("port %d\n", ntohs(a.sin_port));
        if ((c = accept(s, NULL, NULL)) < 0)
            die("accept");
        close(s);
    }
    setsockopt(c, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(c, F_SETFL, fcntl(c, F_GETFL) | O_NONBLOCK);
    return c;
}

static SSL_CTX *context(int version, const char *cert, const char *key) {
    SSL_CTX *ctx = SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method());
    if (ctx == NULL || SSL_CTX_set_min_proto_version(ctx, version) != 1 ||
        SSL_CTX_set_max_proto_version(ctx, version) != 1)
        die("SSL_CTX");
    if (is_server && (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1 ||
                      SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1))
        die("certificate");
    SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"peer", 4);
    SSL_CTX_set_num_tickets(ctx, 0);
    if (strcmp(disturbance, "auth") == 0)
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_POST_HANDSHAKE, on_verify);
    return ctx;
}

/* Sends what there is to send and the socket takes. Returns what to wait for. */
static short send_out(void) {
    unsigned char taken[CHUNK];
    char *p;
    long n;
    while ((n = BIO_get_mem_data(out, &p)) > 0) {
        ssize_t sent = send(fd, p, n < CHUNK ? (size_t)n : CHUNK, 0);
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return POLLOUT;
        if (sent <= 0)
            die("send");
        BIO_read(out, taken, (int)sent);
    }
    return 0;
}

static int backlog(void) {
    return BIO_ctrl_pending(out) >= 4 * CHUNK;
}

/* Starts one disturbance unless one is under way. The reads to come finish it: they take application data that
 * arrives in between, which SSL_do_handshake would not. */
static void disturb(void) {
    int begun = 0;
    if (SSL_in_init(ssl) || backlog())
        return;
    if (strcmp(disturbance, "renegotiate") == 0)
        begun = !SSL_renegotiate_pending(ssl) && SSL_renegotiate(ssl);
    else if (strcmp(disturbance, "keyupdate") == 0)
        begun = SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED);
    else if (strcmp(disturbance, "auth") == 0)
        begun = SSL_verify_client_post_handshake(ssl); /* fails while one is pending */
    if (!begun) {
        ERR_clear_error();
        return;
    }
    disturbed++;
    since = 0;
    if (is_server || strcmp(disturbance, "renegotiate") != 0) {
        int n = SSL_do_handshake(ssl), e = SSL_get_error(ssl, n);
        if (n != 1 && e != SSL_ERROR_WANT_READ)
            die("SSL_do_handshake");
    }
}

static void room_for(size_t n) {
    if (cap - start - len >= n)
        return;
    memmove(buf, buf + start, len);
    start = 0;
    if (cap - len < n) {
        cap = 2 * cap + n;
        if ((buf = realloc(buf, cap)) == NULL)
            die("realloc");
    }
}

/* In the midst of a handshake there is no writing, so whatever comes must find room. */
static int may_read(void) {
    return !ended && !flood && (len < LIMIT || SSL_in_init(ssl) || (!is_server && SSL_renegotiate_pending(ssl)));
}

static int may_write(void) {
    return len > 0 && !backlog() && !SSL_in_init(ssl) && (is_server || !SSL_renegotiate_pending(ssl));
}

/* Moves what can be moved; returns the events to wait for, 0 when there was progress. */
static short step(void) {
    short events = 0;
    int progress = 0;
    if (may_read()) {
        room_for(CHUNK);
        int n = SSL_read(ssl, buf + start + len, CHUNK), e = SSL_get_error(ssl, n);
        if (n > 0) {
            len += (size_t)n;
            progress = 1;
        } else if (e == SSL_ERROR_ZERO_RETURN) {
            ended = progress = 1;
        } else if (e == SSL_ERROR_WANT_READ) {
            events = POLLIN;
        } else {
            die("SSL_read");
        }
    }
    if (may_write()) {
        int n = SSL_write(ssl, buf + start, len < CHUNK ? (int)len : CHUNK);
        if (n <= 0)
            die("SSL_write");
        start += (size_t)n;
        len -= (size_t)n;
        echoed += (size_t)n;
        since += (size_t)n;
        progress = 1;
    }
    if (flood || (every != 0 && since >= every && !ended)) {
        unsigned long before = disturbed;
        disturb();
        progress |= disturbed != before;
    }
    events |= send_out();
    /* What the socket has taken has made room. */
    return progress || may_write() || (flood && !backlog()) ? 0 : events;
}

static void handshake(void) {
    for (int done = 0;;) {
        if (!done) {
            int n = SSL_do_handshake(ssl), e = SSL_get_error(ssl, n);
            if (!(done = n == 1) && e != SSL_ERROR_WANT_READ)
                die("handshake");
        }
        struct pollfd p = {.fd = fd, .events = send_out()};
        if (done && p.events == 0)
            return;
        if (!done)
            p.events |= POLLIN;
        poll(&p, 1, -1);
    }
}

/* Obeys the commands that have come. */
static void obey(void) {
    static char line[4096];
    static size_t n;
    ssize_t got = read(0, line + n, sizeof line - n - 1);
    if (got <= 0)
        exit(2); /* the test is gone */
    n += (size_t)got;
    line[n] = '\0';
    for (char *stop; (stop = strchr(line, '\n')) != NULL;) {
        *stop = '\0';
        if (strcmp(line, "hold") == 0) {
            hold = 1;
        } else if (strcmp(line, "flood") == 0) {
            flood = 1;
        } else if (strcmp(line, "calm") == 0) {
            every = 0;
        } else if (strcmp(line, "go") == 0) {
            hold = flood = 0;
        } else if (strcmp(line, "disturb") == 0) {
            disturb();
            step(); /* a client's renegotiation begins with a read */
        } else if (strncmp(line, "tickets ", 8) == 0) {
            SSL_set_num_tickets(ssl, (size_t)atoi(line + 8));
        } else if (strncmp(line, "say ", 4) == 0) {
            size_t text = strlen(line + 4);
            room_for(text);
            memcpy(buf + start + len, line + 4, text);
            len += text;
        } else {
            die("command");
        }
        printf("ok %s after %lu\n", line, disturbed);
        n -= (size_t)(stop + 1 - line);
        memmove(line, stop + 1, n + 1);
    }
}

int main(int argc, char **argv) {
    if (argc != 8)
        die("usage");
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGPIPE, SIG_IGN);
    is_server = strcmp(argv[1], "server") == 0;
    disturbance = argv[4];
    every = strtoul(argv[5], NULL, 10);
    SSL_CTX *ctx = context(strcmp(argv[3], "1.2") == 0 ? TLS1_2_VERSION : TLS1_3_VERSION, argv[6], argv[7]);
    fd = connected(atoi(argv[2]));
    BIO *in = BIO_new_socket(fd, BIO_NOCLOSE);
    ssl = SSL_new(ctx);
    out = BIO_new(BIO_s_mem());
    if (ssl == NULL || in == NULL || out == NULL)
        die("SSL_new");
    SSL_set_bio(ssl, in, out);
    if (is_server)
        SSL_set_accept_state(ssl);
    else
        SSL_set_connect_state(ssl);
    handshake();
    printf("connected\n");
    while (!ended || len > 0) {
        struct pollfd p[] = {{.fd = 0, .events = POLLIN}, {.fd = fd}};
        int timeout = 0;
        if (hold) {
            timeout = -1;
        } else if ((p[1].events = step()) != 0) {
            timeout = -1;
        }
        /* A socket that is not waited for would still wake with an error that is not to be seen yet. */
        if (poll(p, p[1].events != 0 ? 2 : 1, timeout) > 0 && p[0].revents != 0)
            obey();
    }
    SSL_shutdown(ssl);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
    send_out();
    printf("done: echoed %lu, disturbed %lu, renegotiated %ld, verified %lu\n", echoed, disturbed,
           SSL_num_renegotiations(ssl), verified);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    /* A reset, for late answers that nobody reads, could overtake what was sent. */
    shutdown(fd, SHUT_WR);
    while (cap > 0 && read(fd, buf, cap) > 0)
        ;
    free(buf);
    close(fd);
    return 0;
}
