/* child.c - calls that some libssl does not survive, each in a process of its own. */
#define _GNU_SOURCE /* pipe2 */
#include "raw.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What the child tells, and where to. */
struct words {
    long ret;
    int nerrs;
};
static int out;

static void tell_and_exit(long ret) {
    struct words w = {.ret = ret};
    while (ERR_get_error() != 0)
        w.nerrs++;
    _exit(write(out, &w, sizeof w) != (ssize_t)sizeof w);
}

static int generate(SSL *ssl, unsigned char *id, unsigned int *len) {
    (void)ssl, (void)id, (void)len;
    return 0;
}

static int new_session(SSL *ssl, SSL_SESSION *s) {
    (void)ssl, (void)s;
    return 0;
}

/* ---- SSL_CTX_free beside another thread ---- */

static sem_t called; /* by the other thread, when its call has returned */

static void *call_on(void *ctx) {
    SSL_CTX_set_generate_session_id(ctx, NULL);
    sem_post(&called);
    return NULL;
}

static void on_remove(SSL_CTX *ctx, SSL_SESSION *s) {
    pthread_t other;
    struct timespec until;
    long waited = -1;
    (void)s;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 1;
    if (pthread_create(&other, NULL, call_on, ctx) == 0)
        waited = sem_timedwait(&called, &until) != 0;
    tell_and_exit(waited); /* before the SSL_CTX goes from under the other thread's feet */
}

static void free_beside_another(SSL_CTX *ctx) {
    sem_init(&called, 0, 0);
    SSL_CTX_sess_set_remove_cb(ctx, on_remove);
    SSL_CTX_free(ctx);
}

static long make(int call, SSL *ssl, SSL_CTX *ctx) {
    /* Not constants: the compiler is not to reason about what libssl makes of NULL. */
    SSL_CTX *volatile no_ctx = NULL;
    SSL *volatile no_ssl = NULL;
    SSL_SESSION *volatile no_session = NULL;
    const unsigned char *volatile no_data = NULL;
    const unsigned char **volatile no_pointer = NULL;
    unsigned int n;

    switch (call) {
    case GLSRAW_SSL_CTX_SET_SESSION_ID_CONTEXT_NULL_DATA:
        return SSL_CTX_set_session_id_context(SSL_get_SSL_CTX(ssl), no_data, 1);
    case GLSRAW_SSL_CTX_SET_SESSION_ID_CONTEXT_NULL_CTX:
        return SSL_CTX_set_session_id_context(no_ctx, (const unsigned char *)"x", 1);
    case GLSRAW_SSL_SET_SESSION_ID_CONTEXT_NULL_SSL:
        return SSL_set_session_id_context(no_ssl, (const unsigned char *)"x", 1);
    case GLSRAW_SSL_CTX_SET_GENERATE_SESSION_ID_NULL_CTX:
        return SSL_CTX_set_generate_session_id(no_ctx, generate);
    case GLSRAW_SSL_SET_GENERATE_SESSION_ID_NULL_SSL:
        return SSL_set_generate_session_id(no_ssl, generate);
    case GLSRAW_SSL_HAS_MATCHING_SESSION_ID_NULL_ID:
        return SSL_has_matching_session_id(ssl, no_data, 32);
    case GLSRAW_SSL_HAS_MATCHING_SESSION_ID_NULL_SSL:
        return SSL_has_matching_session_id(no_ssl, (const unsigned char *)"", 0);
    case GLSRAW_SSL_CTX_SESS_GET_NEW_CB_NULL_CTX:
        return SSL_CTX_sess_get_new_cb(no_ctx) != NULL;
    case GLSRAW_SSL_CTX_SESS_SET_NEW_CB_NULL_CTX:
        SSL_CTX_sess_set_new_cb(no_ctx, new_session);
        return 0;
    case GLSRAW_SSL_CTX_FLUSH_SESSIONS_NULL_CTX:
        SSL_CTX_flush_sessions(no_ctx, 0);
        return 0;
    case GLSRAW_SSL_CTX_ADD_SESSION_NULL:
        return SSL_CTX_add_session(SSL_get_SSL_CTX(ssl), no_session);
    case GLSRAW_SSL_SESSION_GET_ID_NULL:
        return SSL_SESSION_get_id(no_session, &n) != NULL;
    case GLSRAW_SSL_SESSION_SET1_ID_NULL:
        return SSL_SESSION_set1_id(no_session, (const unsigned char *)"x", 1);
    case GLSRAW_SSL_SET_SESSION_NULL_SSL:
        return SSL_set_session(no_ssl, no_session);
    case GLSRAW_D2I_SSL_SESSION_NULL_PP:
        return d2i_SSL_SESSION(NULL, no_pointer, 1) != NULL;
    case GLSRAW_D2I_SSL_SESSION_NULL_P: {
        const unsigned char *p = no_data;
        return d2i_SSL_SESSION(NULL, &p, 1) != NULL;
    }
    case GLSRAW_SSL_CTX_FREE_BESIDE_ANOTHER:
        free_beside_another(ctx);
        return -1;
    }
    return -1;
}

/* Only this thread lives on: no Go, and nothing that could wait for a lock that another held. libssl's objects are
 * made before, since libcrypto takes locks for them that all share. */
static void live(int call, SSL *ssl, SSL_CTX *ctx, int to) {
    struct rlimit no_core = {0, 0};
    sigset_t none;
    setrlimit(RLIMIT_CORE, &no_core);
    for (int s = 1; s < NSIG; s++)
        signal(s, SIG_DFL); /* Go's handlers would take the crash for one of Go's */
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, NULL);
    alarm(5);
    out = to;
    tell_and_exit(make(call, ssl, ctx));
}

static pid_t start(int call, SSL *ssl, SSL_CTX *ctx, int to) {
    sigset_t all, before;
    ERR_clear_error(); /* so that this thread has a queue, which takes such a lock to make */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = fork();
    if (pid == 0)
        live(call, ssl, ctx, to);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return pid;
}

glsraw_fate glsraw_in_child(int call, SSL *ssl, SSL_CTX *ctx) {
    glsraw_fate fate = {0};
    struct words w;
    int ends[2], status = 0;
    ssize_t n;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        fate.failed = errno;
        return fate;
    }
    pid_t pid = start(call, ssl, ctx, ends[1]);
    if (pid < 0)
        fate.failed = errno;
    close(ends[1]);
    if (pid > 0) {
        while ((n = read(ends[0], &w, sizeof w)) < 0 && errno == EINTR)
            ;
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
        if (WIFSIGNALED(status))
            fate.signal = WTERMSIG(status);
        else if (n == (ssize_t)sizeof w)
            fate.ret = w.ret, fate.nerrs = w.nerrs;
        else
            fate.failed = EIO;
    }
    close(ends[0]);
    return fate;
}
