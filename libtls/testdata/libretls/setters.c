/* Calls libtls' setters as standard input says, and prints what they return.
 *
 * A line is a command, a tab before each argument; for each line one is printed, "0", or "-1" and the error after a
 * tab. From each "new" on it is another process: libtls blames the errors that earlier calls have left for a later one. libretls_linux_test.go makes the lines, and has package libtls do the same. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <tls.h>
#include <unistd.h>

static struct tls_config *config;

static void die(const char *what)
{
	perror(what);
	exit(2);
}

/* number is an argument, in whatever base C knows. */
static long long number(const char *arg)
{
	char *end;
	errno = 0;
	long long n = strtoll(arg, &end, 0);
	if (errno != 0 || *end != '\0')
		die(arg);
	return n;
}

/* contents is what is in a file, which the caller frees. */
static uint8_t *contents(const char *path, size_t *len)
{
	FILE *f = fopen(path, "r");
	if (f == NULL || fseek(f, 0, SEEK_END) != 0)
		die(path);
	*len = ftell(f);
	rewind(f);
	uint8_t *all = malloc(*len + 1);
	if (all == NULL || fread(all, 1, *len, f) != *len)
		die(path);
	fclose(f);
	return all;
}

/* descriptor opens what a word stands for; other words are paths, the second one says how they are opened. */
static int descriptor(const char *what, const char *how)
{
	int pair[2];
	if (strcmp(what, "none") == 0)
		return -1;
	if (strcmp(what, "negative") == 0)
		return -2;
	if (strcmp(what, "pipe, to read") == 0 || strcmp(what, "pipe, to write") == 0) {
		if (pipe(pair) != 0)
			die(what);
		return pair[what[9] == 'w'];
	}
	if (strcmp(what, "socket") == 0)
		return socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 ? pair[0] : -1;
	if (strncmp(what, "memory", 6) == 0) {
		int fd = memfd_create("session", 0);
		if (fd < 0 || (what[6] != '\0' && fchmod(fd, 0600) != 0))
			die(what);
		return fd;
	}
	int fd = open(what, strcmp(how, "read") == 0 ? O_RDONLY : strcmp(how, "write") == 0 ? O_WRONLY :
		strcmp(how, "append") == 0 ? O_RDWR | O_APPEND : O_RDWR);
	if (fd < 0)
		die(what);
	if (strcmp(how, "closed") == 0)
		close(fd);
	return fd;
}

static int session_id(const char *len)
{
	uint8_t id[256];
	memset(id, 7, sizeof id);
	return tls_config_set_session_id(config, id, number(len));
}

static int ticket_key(const char *rev, const char *len, const char *byte)
{
	uint8_t key[256];
	memset(key, number(byte), sizeof key);
	return tls_config_add_ticket_key(config, number(rev), key, number(len));
}

static int of_file(int (*set)(struct tls_config *, const uint8_t *, size_t), const char *path)
{
	size_t len;
	uint8_t *all = contents(path, &len);
	int ret = set(config, all, len);
	free(all);
	return ret;
}

static int of_three(int (*set)(struct tls_config *, const uint8_t *, size_t, const uint8_t *, size_t, const uint8_t *, size_t),
	char **path)
{
	size_t len[3];
	uint8_t *all[3];
	for (int i = 0; i < 3; i++)
		all[i] = contents(path[i], &len[i]);
	int ret = set(config, all[0], len[0], all[1], len[1], all[2], len[2]);
	for (int i = 0; i < 3; i++)
		free(all[i]);
	return ret;
}

static int of_files(int (*set)(struct tls_config *, const uint8_t *, size_t, const uint8_t *, size_t),
	const char *one, const char *other)
{
	size_t len1, len2;
	uint8_t *all1 = contents(one, &len1), *all2 = contents(other, &len2);
	int ret = set(config, all1, len1, all2, len2);
	free(all1);
	free(all2);
	return ret;
}

/* done prints what a context says. */
static int done(struct tls *ctx, int ret)
{
	if (ret != 0)
		printf("-1\t%s\n", tls_error(ctx));
	tls_free(ctx);
	return ret == 0 ? 0 : -3;
}

static int server(void)
{
	struct tls *ctx = tls_server();
	return done(ctx, tls_configure(ctx, config));
}

/* client goes as far as a connection without a handshake: before, a client's settings are not looked at. */
static int client(void)
{
	struct tls *ctx = tls_client();
	int pair[2], ret = tls_configure(ctx, config);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
		die("socketpair");
	if (ret == 0)
		ret = tls_connect_socket(ctx, pair[0], "localhost");
	ret = done(ctx, ret);
	close(pair[0]);
	close(pair[1]);
	return ret;
}

static int call(const char *name, char **arg)
{
	uint32_t protocols;
#define IS(command) (strcmp(name, command) == 0)
	if (IS("new")) {
		tls_config_free(config);
		return (config = tls_config_new()) == NULL ? -1 : 0;
	}
	if (IS("session_fd"))
		return tls_config_set_session_fd(config, descriptor(arg[0], arg[1]));
	if (IS("session_id"))
		return session_id(arg[0]);
	if (IS("session_lifetime"))
		return tls_config_set_session_lifetime(config, number(arg[0]));
	if (IS("ticket_key"))
		return ticket_key(arg[0], arg[1], arg[2]);
	if (IS("parse_protocols")) {
		if (tls_config_parse_protocols(&protocols, arg[0]) != 0)
			return -1;
		printf("0x%x\t", protocols);
		return 0;
	}
	if (IS("protocols"))
		return tls_config_set_protocols(config, number(arg[0]));
	if (IS("ciphers"))
		return tls_config_set_ciphers(config, arg[0]);
	if (IS("alpn"))
		return tls_config_set_alpn(config, arg[0]);
	if (IS("ecdhecurves"))
		return tls_config_set_ecdhecurves(config, arg[0]);
	if (IS("dheparams"))
		return tls_config_set_dheparams(config, arg[0]);
	if (IS("verify_depth"))
		return tls_config_set_verify_depth(config, number(arg[0]));
	if (IS("ca_file"))
		return tls_config_set_ca_file(config, arg[0]);
	if (IS("ca_mem"))
		return of_file(tls_config_set_ca_mem, arg[0]);
	if (IS("ca_path"))
		return tls_config_set_ca_path(config, arg[0]);
	if (IS("cert_file"))
		return tls_config_set_cert_file(config, arg[0]);
	if (IS("cert_mem"))
		return of_file(tls_config_set_cert_mem, arg[0]);
	if (IS("key_file"))
		return tls_config_set_key_file(config, arg[0]);
	if (IS("key_mem"))
		return of_file(tls_config_set_key_mem, arg[0]);
	if (IS("keypair_file"))
		return tls_config_set_keypair_file(config, arg[0], arg[1]);
	if (IS("keypair_mem"))
		return of_files(tls_config_set_keypair_mem, arg[0], arg[1]);
	if (IS("add_keypair_file"))
		return tls_config_add_keypair_file(config, arg[0], arg[1]);
	if (IS("add_keypair_mem"))
		return of_files(tls_config_add_keypair_mem, arg[0], arg[1]);
	if (IS("keypair_ocsp_file"))
		return tls_config_set_keypair_ocsp_file(config, arg[0], arg[1], arg[2]);
	if (IS("keypair_ocsp_mem"))
		return of_three(tls_config_set_keypair_ocsp_mem, arg);
	if (IS("add_keypair_ocsp_file"))
		return tls_config_add_keypair_ocsp_file(config, arg[0], arg[1], arg[2]);
	if (IS("add_keypair_ocsp_mem"))
		return of_three(tls_config_add_keypair_ocsp_mem, arg);
	if (IS("clear_keys")) {
		tls_config_clear_keys(config);
		return 0;
	}
	if (IS("crl_file"))
		return tls_config_set_crl_file(config, arg[0]);
	if (IS("crl_mem"))
		return of_file(tls_config_set_crl_mem, arg[0]);
	if (IS("ocsp_staple_file"))
		return tls_config_set_ocsp_staple_file(config, arg[0]);
	if (IS("ocsp_staple_mem"))
		return of_file(tls_config_set_ocsp_staple_mem, arg[0]);
	if (IS("server"))
		return server();
	if (IS("client"))
		return client();
	fprintf(stderr, "no command \"%s\"\n", name);
	exit(2);
}

/* answer makes the call that a line stands for. */
static void answer(char *line)
{
	char *word[4] = {"", "", "", ""};
	for (int i = 0; i < 4 && line != NULL; i++)
		word[i] = strsep(&line, "\t");
	errno = 0; /* libtls adds it to some texts */
	switch (call(word[0], word + 1)) {
	case 0:
		puts("0");
		break;
	case -1: {
		const char *error = config == NULL ? NULL : tls_config_error(config);
		printf("-1\t%s\n", error == NULL ? "" : error);
		break;
	}
	case -3: /* it has been printed */
		break;
	default:
		puts("something else");
	}
}

/* apart has another process make the calls of some lines. */
static void apart(char **lines, size_t count)
{
	int status;
	pid_t child = fork();
	if (child < 0)
		die("fork");
	if (child == 0) {
		for (size_t i = 0; i < count; i++)
			answer(lines[i]);
		fflush(stdout);
		_exit(0);
	}
	if (waitpid(child, &status, 0) != child || status != 0)
		die("a call");
}

int main(void)
{
	static char *lines[4096];
	size_t count = 0, first = 0, size = 0;
	ssize_t len;
	while ((len = getline(&lines[count], &size, stdin)) > 0) {
		lines[count][len - 1] = '\0';
		size = 0;
		if (++count == sizeof lines / sizeof *lines)
			die("too many lines");
	}
	for (size_t i = 1; i <= count; i++) {
		if (i == count || strcmp(lines[i], "new") == 0) {
			apart(lines + first, i - first);
			first = i;
		}
	}
	for (size_t i = 0; i <= count; i++)
		free(lines[i]);
	return 0;
}
