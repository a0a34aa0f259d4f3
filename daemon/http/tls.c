/* SPDX-License-Identifier: Apache-2.0 */
#include "wire_priv.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include <sys/stat.h>

static bool complain(struct error *err, const char *file, const char *wanted)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code ? ERR_reason_error_string(code) : NULL;

	if (access(file, R_OK) != 0)
		error_setf(err, "%s: cannot be read; want %s", file, wanted);
	else
		error_setf(
			err, "%s: %s; want %s", file, reason ? reason : "unreadable", wanted);
	ERR_clear_error();
	return false;
}

/* The key is a secret. A file that cannot be looked up is complained of when it is read. */
static bool is_private(const char *file, struct error *err)
{
	struct stat status;

	if (stat(file, &status) != 0 || (status.st_mode & S_IRWXO) == 0)
		return true;
	error_setf(err, "%s: everybody may read this key; want chmod o= %s", file, file);
	return false;
}

/* OpenSSL would ask the terminal, or whoever writes to standard input, and wait for it. */
// NOLINTNEXTLINE(readability-non-const-parameter): it would be written there
static int no_pass_phrase(char *out, int size, int writing, void *context)
{
	(void)out;
	(void)size;
	(void)writing;
	(void)context;
	return -1;
}

static bool use_certificate(SSL_CTX *context, const struct http_tls *tls, struct error *err)
{
	if (!tls->key) {
		error_setf(err, "TLS has a certificate but no key; want both");
		return false;
	}
	if (!is_private(tls->key, err))
		return false;
	if (SSL_CTX_use_certificate_chain_file(context, tls->certificate) != 1)
		return complain(err, tls->certificate, "the certificate and its chain in PEM");
	/* Fails, too, if it belongs to another certificate. */
	return SSL_CTX_use_PrivateKey_file(context, tls->key, SSL_FILETYPE_PEM) == 1 ||
		complain(err, tls->key,
			"the certificate's own key, in PEM and without a pass phrase");
}

static bool ask_clients(SSL_CTX *context, const char *file, struct error *err)
{
	STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(file);

	if (!names || SSL_CTX_load_verify_file(context, file) != 1) {
		sk_X509_NAME_pop_free(names, X509_NAME_free);
		return complain(err, file, "the certificates that sign clients', in PEM");
	}
	SSL_CTX_set_client_CA_list(context, names);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	return true;
}

/*
 * TLS 1.2 and 1.3 with OpenSSL's own choice of ciphers. No tickets and no session cache: a
 * ticket's key would have to be rotated and shared between threads and restarts, and senders
 * connect once for each delivery. No renegotiation: a handshake happens within its deadline or
 * not at all. No stapled OCSP answer: fetching one would be an outgoing request. What was
 * decrypted is wiped, for it holds credentials.
 */
static void set_manner(SSL_CTX *context)
{
	static const unsigned char name[] = "dorad";

	(void)SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	(void)SSL_CTX_set_options(context,
		SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
			SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
			SSL_OP_CLEANSE_PLAINTEXT);
	(void)SSL_CTX_set_num_tickets(context, 0);
	(void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	(void)SSL_CTX_set_session_id_context(context, name, sizeof(name) - 1);
	(void)SSL_CTX_set_mode(context,
		SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
			SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

SSL_CTX *tls_create(const struct http_tls *tls, struct error *err)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());

	if (!context) {
		error_setf(err, "TLS: OpenSSL gives no context");
		return NULL;
	}
	set_manner(context);
	SSL_CTX_set_default_passwd_cb(context, no_pass_phrase);
	if (!use_certificate(context, tls, err) ||
		(tls->client_ca && !ask_clients(context, tls->client_ca, err))) {
		SSL_CTX_free(context);
		return NULL;
	}
	return context;
}

// NOLINTNEXTLINE(readability-function-size): OpenSSL says how many parameters
static void on_message(int written, int version, int type, const void *bytes, size_t n,
	SSL *ssl, void *context)
{
	struct wire *wire = context;

	(void)version;
	(void)bytes;
	(void)n;
	if (written || type != SSL3_RT_HANDSHAKE || !wire->shaken)
		return;
	/* Within one call OpenSSL would work off as many as a client cares to send. */
	if (++wire->n_asked > WIRE_ASKED_MAX)
		SSL_set_shutdown(ssl, SSL_RECEIVED_SHUTDOWN);
}

bool tls_begin(struct wire *wire, SSL_CTX *context)
{
	wire->ssl = SSL_new(context);
	if (!wire->ssl || SSL_set_fd(wire->ssl, wire->fd) != 1)
		return false;
	SSL_set_msg_callback(wire->ssl, on_message);
	SSL_set_msg_callback_arg(wire->ssl, wire);
	SSL_set_accept_state(wire->ssl);
	return true;
}
