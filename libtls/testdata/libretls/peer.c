/* A libtls client or server, for package libtls to talk to.
 *
 * The arguments are its configuration, each NAME=VALUE, then "client" HOST PORT NAME or "server". A server prints its
 * port. Both go through as many connections as count says, 1 unless told, and print for each "resumed=0 tlsv1.2", or
 * what failed. The client sends a line and reads it back, so that it has read what tickets there are. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <tls.h>
#include <unistd.h>

static const char greeting[] = "hello\n";
static const size_t length = sizeof greeting - 1;

static _Noreturn void die(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(2);
}

static void ok(struct tls_config *config, int ret, const char *what)
{
	if (ret != 0)
		die("%s: %s", what, tls_config_error(config));
}

/* key adds a ticket key, REV:BYTE. */
static int key(struct tls_config *config, const char *value)
{
	unsigned char bytes[TLS_TICKET_KEY_SIZE];
	unsigned rev, byte;
	if (sscanf(value, "%u:%u", &rev, &byte) != 2)
		die("key=%s", value);
	memset(bytes, byte, sizeof bytes);
	return tls_config_add_ticket_key(config, rev, bytes, sizeof bytes);
}

static int protocols(struct tls_config *config, const char *value)
{
	uint32_t mask;
	return tls_config_parse_protocols(&mask, value) != 0 ? -1 : tls_config_set_protocols(config, mask);
}

static int keypair(struct tls_config *config, const char *value)
{
	return tls_config_set_keypair_file(config, value, value);
}

/* file is the session file, which is made if need be. */
static int file(struct tls_config *config, const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT, 0600);
	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	return tls_config_set_session_fd(config, fd);
}

static int id(struct tls_config *config, const char *value)
{
	return tls_config_set_session_id(config, (const unsigned char *)value, strlen(value));
}

static int lifetime(struct tls_config *config, const char *value)
{
	return tls_config_set_session_lifetime(config, atoi(value));
}

static const struct {
	const char *name;
	int (*set)(struct tls_config *, const char *);
} settings[] = {
	{"ca", tls_config_set_ca_file},
	{"keypair", keypair},
	{"protocols", protocols},
	{"file", file},
	{"id", id},
	{"lifetime", lifetime},
	{"key", key},
};

/* set is 0 if an argument is no setting. */
static int set(struct tls_config *config, const char *arg)
{
	const char *value = strchr(arg, '=');
	if (value == NULL)
		return 0;
	for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
		const char *name = settings[i].name;
		if (strlen(name) == (size_t)(value - arg) && strncmp(name, arg, value - arg) == 0) {
			ok(config, settings[i].set(config, value + 1), arg);
			return 1;
		}
	}
	die("no setting %s", arg);
}

static int shake(struct tls *ctx)
{
	int ret;
	do
		ret = tls_handshake(ctx);
	while (ret == TLS_WANT_POLLIN || ret == TLS_WANT_POLLOUT);
	return ret;
}

/* hear reads as much as the greeting: "openssl s_server -rev" sends it back to front. 0 if it came. */
static int hear(struct tls *ctx)
{
	char buf[sizeof greeting];
	for (size_t got = 0; got < length;) {
		ssize_t n = tls_read(ctx, buf + got, length - got);
		if (n == TLS_WANT_POLLIN || n == TLS_WANT_POLLOUT)
			continue;
		if (n <= 0)
			return -1;
		got += n;
	}
	return 0;
}

static int say(struct tls *ctx)
{
	for (size_t sent = 0; sent < length;) {
		ssize_t n = tls_write(ctx, greeting + sent, length - sent);
		if (n == TLS_WANT_POLLIN || n == TLS_WANT_POLLOUT)
			continue;
		if (n <= 0)
			return -1;
		sent += n;
	}
	return 0;
}

static void report(struct tls *ctx, int (*first)(struct tls *), int (*second)(struct tls *))
{
	if (shake(ctx) != 0)
		printf("handshake: %s\n", tls_error(ctx));
	else if (first(ctx) != 0 || second(ctx) != 0)
		printf("after the handshake: %s\n", tls_error(ctx) == NULL ? "end of file" : tls_error(ctx));
	else
		printf("resumed=%d %s\n", tls_conn_session_resumed(ctx), tls_conn_version(ctx));
	fflush(stdout);
	tls_close(ctx);
}

static void client(struct tls_config *config, char **to)
{
	struct tls *ctx = tls_client();
	if (tls_configure(ctx, config) != 0)
		die("configure: %s", tls_error(ctx));
	if (tls_connect_servername(ctx, to[0], to[1], to[2]) != 0)
		printf("connect: %s\n", tls_error(ctx));
	else
		report(ctx, say, hear);
	tls_free(ctx);
}

static int listening(void)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof addr;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof addr) != 0 || listen(fd, 8) != 0 ||
		getsockname(fd, (struct sockaddr *)&addr, &len) != 0)
		die("listen: %s", strerror(errno));
	printf("port %d\n", ntohs(addr.sin_port));
	fflush(stdout);
	return fd;
}

static void serve(struct tls *ctx, int listener)
{
	struct tls *conn = NULL;
	int fd = accept(listener, NULL, NULL);
	if (fd < 0 || tls_accept_socket(ctx, &conn, fd) != 0)
		die("accept: %s", fd < 0 ? strerror(errno) : tls_error(ctx));
	report(conn, hear, say);
	tls_free(conn);
	close(fd);
}

int main(int argc, char **argv)
{
	struct tls_config *config = tls_config_new();
	int i = 1, count = 1;
	for (; i < argc; i++) {
		if (strncmp(argv[i], "count=", 6) == 0)
			count = atoi(argv[i] + 6);
		else if (!set(config, argv[i]))
			break;
	}
	if (argc == i + 4 && strcmp(argv[i], "client") == 0) {
		while (count-- > 0)
			client(config, argv + i + 1);
	} else if (argc == i + 1 && strcmp(argv[i], "server") == 0) {
		struct tls *ctx = tls_server();
		if (tls_configure(ctx, config) != 0)
			die("configure: %s", tls_error(ctx));
		int listener = listening();
		while (count-- > 0)
			serve(ctx, listener);
		tls_free(ctx);
	} else {
		die("usage: %s [NAME=VALUE...] client HOST PORT NAME | server", argv[0]);
	}
	tls_config_free(config);
	return 0;
}
