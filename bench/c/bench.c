/* bench.c - the yardstick: what a C program pays for the same work on the same libssl.
 *
 * Event loops over epoll, edge-triggered; non-blocking sockets that libssl reads and writes itself. The client's
 * end and the server's each have a loop and a thread, or, with -p 1, share them.
 *
 *     bench -w bulk|roundtrip|full|resumed|idle|waiting -v 1.2|1.3 -n COUNT -d CERTIFICATES [-p 1|2]
 *
 * The plan of a workload, its numbers and the line of JSON at the end are those of ../internal/load.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { RECORD = 16384, SLOTS = 8, EVENTS = 64 };

static _Noreturn void die(const char *what) {
    unsigned long e = ERR_peek_error();
    fprintf(stderr, "bench: %s: %s\n", what, e != 0 ? ERR_reason_error_string(e) : strerror(errno));
    exit(1);
}

/* ---- the plan ---------------------------------------------------------------------------------------- */

/* Each connection exchanges so often: the client sends request bytes, the server answers with reply bytes. */
typedef struct plan {
    size_t request, reply;
    long exchanges, connections;
    int slots;  /* connections at a time */
    int resume; /* each slot offers the session of its last connection */
    int keep;   /* connections stay open */
} plan;

static plan plan_of(const char *workload, long n) {
    if (strcmp(workload, "bulk") == 0)
        return (plan){(size_t)n * RECORD, 1, 1, 1, 1, 0, 0};
    if (strcmp(workload, "roundtrip") == 0)
        return (plan){64, 64, n, 1, 1, 0, 0};
    if (strcmp(workload, "full") == 0)
        return (plan){1, 1, 1, n, SLOTS, 0, 0};
    if (strcmp(workload, "resumed") == 0)
        return (plan){1, 1, 1, n, SLOTS, 1, 0};
    if (strcmp(workload, "idle") == 0 || strcmp(workload, "waiting") == 0) /* the loop waits in any case */
        return (plan){64, 64, 1, n, SLOTS, 0, 1};
    die("unknown workload");
}

/* ---- connections ------------------------------------------------------------------------------------- */

typedef enum { HANDSHAKE, SEND, RECEIVE, CLOSE, IDLE } state;

typedef struct conn {
    struct loop *loop;
    SSL *ssl;
    int fd, server, slot;
    state state;
    size_t left; /* bytes of this request or reply */
    long exchanges;
} conn;

typedef struct loop {
    int epoll;
    plan plan;
    int listener; /* -1: no server here */
    int client;   /* the client's end runs here */
    long started, ended, served;
    char buf[RECORD];
} loop;

static SSL_CTX *server_ctx, *client_ctx;
static int version;
static struct sockaddr_in address;
static SSL_SESSION *sessions[SLOTS];
static long resumptions;

static void add(loop *l, int slot, int server, int fd) {
    int on = 1;
    conn *c = calloc(1, sizeof *c);
    if (c == NULL || (c->ssl = SSL_new(server ? server_ctx : client_ctx)) == NULL)
        die("SSL_new");
    c->loop = l;
    c->fd = fd;
    c->server = server;
    c->slot = slot;
    c->exchanges = l->plan.exchanges;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    SSL_set_fd(c->ssl, fd);
    if (server) {
        SSL_set_accept_state(c->ssl);
    } else {
        SSL_set_connect_state(c->ssl);
        if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(c->ssl), "127.0.0.1") != 1)
            die("X509_VERIFY_PARAM_set1_ip_asc");
        if (l->plan.resume && sessions[slot] != NULL && SSL_set_session(c->ssl, sessions[slot]) != 1)
            die("SSL_set_session");
    }
    struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};
    if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &e) != 0)
        die("epoll_ctl");
}

static void dial(loop *l, int slot) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        die("socket");
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0 && errno != EINPROGRESS)
        die("connect");
    l->started++;
    add(l, slot, 0, fd);
}

static void accept_all(loop *l) {
    int fd;
    while ((fd = accept4(l->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
        add(l, 0, 1, fd);
    if (errno != EAGAIN)
        die("accept4");
}

static void hang_up(conn *c) {
    SSL_free(c->ssl);
    close(c->fd);
    free(c);
}

/* The peer has said that it closes. */
static void closed(conn *c) {
    loop *l = c->loop;
    int server = c->server, slot = c->slot;
    if (server)
        SSL_shutdown(c->ssl);
    hang_up(c);
    if (server) {
        l->served++;
        return;
    }
    l->ended++;
    if (l->started < l->plan.connections)
        dial(l, slot);
}

/* The client is through. */
static void finish(conn *c) {
    loop *l = c->loop;
    if (SSL_version(c->ssl) != version)
        die("another version was negotiated");
    resumptions += SSL_session_reused(c->ssl);
    if (l->plan.resume) {
        SSL_SESSION_free(sessions[c->slot]);
        sessions[c->slot] = SSL_get1_session(c->ssl);
    }
    if (!l->plan.keep) {
        c->state = CLOSE;
        SSL_shutdown(c->ssl);
        return;
    }
    c->state = IDLE;
    l->ended++;
    if (l->started < l->plan.connections)
        dial(l, c->slot);
}

static void expect(conn *c, state s) {
    c->state = s;
    c->left = c->server == (s == SEND) ? c->loop->plan.reply : c->loop->plan.request;
}

/* What comes after the handshake, a request or a reply; 0 when the connection is gone or done. */
static int next(conn *c) {
    switch (c->state) {
    case HANDSHAKE:
        expect(c, c->server ? RECEIVE : SEND);
        return 1;
    case SEND:
        expect(c, RECEIVE);
        if (c->server && c->loop->plan.keep && --c->exchanges == 0)
            c->loop->served++;
        return 1;
    case RECEIVE:
        if (c->server || --c->exchanges > 0)
            expect(c, SEND);
        else
            finish(c);
        return c->state != IDLE;
    default:
        die("data after the end");
    }
}

/* Goes as far as the socket allows. */
static void run(conn *c) {
    char *buf = c->loop->buf;
    for (;;) {
        int want = c->left < RECORD ? (int)c->left : RECORD, n;
        switch (c->state) {
        case HANDSHAKE:
            n = SSL_do_handshake(c->ssl);
            break;
        case SEND:
            n = SSL_write(c->ssl, buf, want);
            break;
        default:
            n = SSL_read(c->ssl, buf, RECORD);
        }
        if (n <= 0) {
            switch (SSL_get_error(c->ssl, n)) {
            case SSL_ERROR_WANT_READ:
            case SSL_ERROR_WANT_WRITE:
                return;
            case SSL_ERROR_ZERO_RETURN:
                if (c->server || c->state == CLOSE) {
                    closed(c);
                    return;
                }
            }
            die("connection");
        }
        if (c->state != HANDSHAKE) {
            if ((size_t)n > c->left)
                die("more came than was sent");
            c->left -= (size_t)n;
        }
        if ((c->state == HANDSHAKE || c->left == 0) && !next(c))
            return;
    }
}

/* ---- loops ------------------------------------------------------------------------------------------- */

static void *spin(void *p) {
    loop *l = p;
    struct epoll_event events[EVENTS];
    if (l->client)
        for (int i = 0; i < l->plan.slots && i < l->plan.connections; i++)
            dial(l, i);
    while ((l->client && l->ended < l->plan.connections) || (l->listener >= 0 && l->served < l->plan.connections)) {
        int n = epoll_wait(l->epoll, events, EVENTS, -1);
        if (n < 0 && errno != EINTR)
            die("epoll_wait");
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr == NULL)
                accept_all(l);
            else
                run(events[i].data.ptr);
        }
    }
    return NULL;
}

static loop *new_loop(const plan *p, int listener, int client) {
    loop *l = calloc(1, sizeof *l);
    struct epoll_event e = {.events = EPOLLIN};
    if (l == NULL || (l->epoll = epoll_create1(EPOLL_CLOEXEC)) < 0)
        die("epoll_create1");
    l->plan = *p;
    l->listener = listener;
    l->client = client;
    if (listener >= 0 && epoll_ctl(l->epoll, EPOLL_CTL_ADD, listener, &e) != 0)
        die("epoll_ctl");
    return l;
}

static void carry_out(const plan *p, int threads) {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    socklen_t n = sizeof address;
    loop *client, *server;
    pthread_t t;
    address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, n) != 0 || listen(listener, SOMAXCONN) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &n) != 0)
        die("listen");
    client = server = new_loop(p, listener, 1);
    if (threads > 1) {
        server->client = 0;
        client = new_loop(p, -1, 1);
        if (pthread_create(&t, NULL, spin, server) != 0)
            die("pthread_create");
    }
    spin(client);
    if (threads > 1)
        pthread_join(t, NULL);
    close(listener);
    if (p->keep) /* the loops' sockets stay */
        return;
    close(server->epoll);
    free(server);
    if (threads > 1) {
        close(client->epoll);
        free(client);
    }
}

/* ---- measuring --------------------------------------------------------------------------------------- */

static long long nanoseconds(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static long long cpu(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000000LL + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1000LL;
}

/* Resident memory, once what is free has been given back. */
static long long resident(void) {
    long long pages = 0;
    FILE *f;
    malloc_trim(0);
    f = fopen("/proc/self/statm", "r");
    if (f == NULL || fscanf(f, "%*d %lld", &pages) != 1)
        die("/proc/self/statm");
    fclose(f);
    return pages * sysconf(_SC_PAGESIZE);
}

/* ---- setting up -------------------------------------------------------------------------------------- */

static SSL_CTX *new_ctx(const SSL_METHOD *method) {
    SSL_CTX *ctx = SSL_CTX_new(method);
    if (ctx == NULL || SSL_CTX_set_min_proto_version(ctx, version) != 1 ||
        SSL_CTX_set_max_proto_version(ctx, version) != 1)
        die("SSL_CTX_new");
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(ctx, 1); /* a record's header and its body in one read */
    return ctx;
}

static const char *in_dir(const char *dir, const char *name) {
    static char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static void set_up(const char *dir) {
    server_ctx = new_ctx(TLS_server_method());
    if (SSL_CTX_use_certificate_chain_file(server_ctx, in_dir(dir, "server.pem")) != 1 ||
        SSL_CTX_use_PrivateKey_file(server_ctx, in_dir(dir, "key.pem"), SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_set_session_id_context(server_ctx, (const unsigned char *)"bench", 5) != 1)
        die("certificate");
    client_ctx = new_ctx(TLS_client_method());
    SSL_CTX_set_session_cache_mode(client_ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
    SSL_CTX_set_verify(client_ctx, SSL_VERIFY_PEER, NULL);
    if (SSL_CTX_set_default_verify_paths(client_ctx) != 1 ||
        SSL_CTX_load_verify_locations(client_ctx, in_dir(dir, "ca.pem"), NULL) != 1)
        die("ca.pem");
}

static void raise_file_limit(void) {
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
        r.rlim_cur = r.rlim_max;
        setrlimit(RLIMIT_NOFILE, &r);
    }
}

int main(int argc, char **argv) {
    const char *workload = "", *dir = ".";
    long n = 0;
    int opt, threads = 2;
    plan p, warm_up;
    long long memory = 0, spent, wall;
    version = TLS1_3_VERSION;
    while ((opt = getopt(argc, argv, "w:v:n:d:p:")) != -1) {
        switch (opt) {
        case 'w': workload = optarg; break;
        case 'v': version = strcmp(optarg, "1.2") == 0 ? TLS1_2_VERSION : TLS1_3_VERSION; break;
        case 'n': n = atol(optarg); break;
        case 'd': dir = optarg; break;
        case 'p': threads = atoi(optarg); break;
        default: return 2;
        }
    }
    if (n <= 0)
        die("-n must be positive");
    signal(SIGPIPE, SIG_IGN);
    raise_file_limit();
    set_up(dir);

    p = plan_of(workload, n);
    warm_up = plan_of(workload, n / 20 + SLOTS);
    warm_up.keep = 0;
    carry_out(&warm_up, threads);
    resumptions = 0;
    if (p.keep)
        memory = resident();
    wall = nanoseconds(CLOCK_MONOTONIC);
    spent = cpu();
    carry_out(&p, threads);
    spent = cpu() - spent;
    wall = nanoseconds(CLOCK_MONOTONIC) - wall;
    if (p.keep)
        memory = resident() - memory;
    if (resumptions != (p.resume ? p.connections : 0))
        die("not the resumptions that were meant to be");
    printf("{\"library\":\"%s\",\"cpu\":%lld,\"wall\":%lld,\"memory\":%lld}\n", OpenSSL_version(OPENSSL_VERSION), spent,
           wall, memory);
    return 0;
}
