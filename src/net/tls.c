/* tls.c - OpenSSL between the socket and the parser, over memory: it never sees a descriptor. TLS 1.2 and 1.3. */
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>

#include "connection.h"

struct mf__tls_context {
    SSL_CTX *ssl;
};

struct mf__tls {
    SSL *ssl;
    BIO *from_peer; /* Owned by |ssl|, both. */
    BIO *to_peer;
};

/* ---- context ---------------------------------------------------------------------------------- */

/* "http/1.1", as RFC 7301 wants it. */
static const unsigned char protocols[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

static int choose_protocol(SSL *ssl,
                           const unsigned char **ret_protocol,
                           unsigned char *ret_size,
                           const unsigned char *offered,
                           unsigned int offered_size,
                           void *user)
{
    unsigned char *chosen = NULL;

    (void)ssl;
    (void)user;
    if (SSL_select_next_proto(&chosen, ret_size, protocols, sizeof(protocols), offered, offered_size) !=
        OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_ALERT_FATAL; /* A client that speaks only h2 would not understand us. */
    }
    *ret_protocol = chosen;
    return SSL_TLSEXT_ERR_OK;
}

/* A daemon has no terminal to ask at. */
static int no_passphrase(char *buf, int size, int for_writing, void *user)
{
    (void)buf;
    (void)size;
    (void)for_writing;
    (void)user;
    return -1;
}

static int explain(char *ret_why, const char *what, const char *path)
{
    char reason[256] = "";

    ERR_error_string_n(ERR_peek_last_error(), reason, sizeof(reason));
    ERR_clear_error();
    snprintf(ret_why, MF_LOG_LINE_BYTES_MAX, "%s %s: %s", what, path, reason);
    return MF_E_CONFIG;
}

static int set_policy(SSL_CTX *ssl)
{
    static const unsigned char session_context[] = "mayfly";

    SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                 SSL_OP_CLEANSE_PLAINTEXT);
    SSL_CTX_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF); /* Tickets keep the state at the client. */
    SSL_CTX_set_alpn_select_cb(ssl, choose_protocol, NULL);
    SSL_CTX_set_default_passwd_cb(ssl, no_passphrase);
    /* 1.2 with forward secrecy and AEAD only; 1.3 has nothing else. */
    return SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) == 1 &&
                   SSL_CTX_set_cipher_list(ssl, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1 &&
                   SSL_CTX_set_session_id_context(ssl, session_context, sizeof(session_context) - 1) == 1
               ? 0
               : MF_E_CONFIG;
}

static int load(SSL_CTX *ssl, const char *cert_path, const char *key_path, char *ret_why)
{
    if (SSL_CTX_use_certificate_chain_file(ssl, cert_path) != 1) {
        return explain(ret_why, "cannot use the certificate", cert_path);
    }
    if (SSL_CTX_use_PrivateKey_file(ssl, key_path, SSL_FILETYPE_PEM) != 1) {
        return explain(ret_why, "cannot use the private key", key_path);
    }
    if (SSL_CTX_check_private_key(ssl) != 1) {
        return explain(ret_why, "the private key does not fit the certificate:", key_path);
    }
    return 0;
}

int mf__tls_context_open(const char *cert_path,
                         const char *key_path,
                         struct mf__tls_context **ret_context,
                         char *ret_why)
{
    if (cert_path == NULL || key_path == NULL) {
        snprintf(ret_why, MF_LOG_LINE_BYTES_MAX, "TLS needs a certificate and a private key");
        return MF_E_CONFIG;
    }
    ERR_clear_error();
    SSL_CTX *ssl = SSL_CTX_new(TLS_server_method());
    if (ssl == NULL || set_policy(ssl) < 0) {
        SSL_CTX_free(ssl);
        return explain(ret_why, "cannot set up", "TLS");
    }
    int error = load(ssl, cert_path, key_path, ret_why);
    if (error < 0) {
        SSL_CTX_free(ssl);
        return error;
    }
    struct mf__tls_context *context = mf_new(sizeof(*context));
    context->ssl = ssl;
    *ret_context = context;
    return 0;
}

void mf__tls_context_free(struct mf__tls_context *context)
{
    if (context != NULL) {
        SSL_CTX_free(context->ssl);
        mf_free(context);
    }
}

/* ---- one connection --------------------------------------------------------------------------- */

int mf__tls_open(struct mf__tls_context *context, struct mf__tls **ret_tls)
{
    SSL *ssl = SSL_new(context->ssl);
    BIO *from_peer = BIO_new(BIO_s_mem());
    BIO *to_peer = BIO_new(BIO_s_mem());

    if (ssl == NULL || from_peer == NULL || to_peer == NULL) {
        SSL_free(ssl);
        BIO_free(from_peer);
        BIO_free(to_peer);
        return MF_E_NO_MEMORY;
    }
    BIO_set_mem_eof_return(from_peer, -1); /* Empty means "later", not the end. */
    SSL_set_bio(ssl, from_peer, to_peer);
    SSL_set_accept_state(ssl);
    struct mf__tls *tls = mf_new(sizeof(*tls));
    tls->ssl = ssl;
    tls->from_peer = from_peer;
    tls->to_peer = to_peer;
    *ret_tls = tls;
    return 0;
}

void mf__tls_free(struct mf__tls *tls)
{
    if (tls != NULL) {
        SSL_free(tls->ssl);
        mf_free(tls);
    }
}

int mf__tls_receive(struct mf__tls *tls, struct mf_slice cipher)
{
    MF_ASSERT(cipher.size <= MF_HTTP_READ_BYTES_MAX);
    return BIO_write(tls->from_peer, cipher.data, (int)cipher.size) == (int)cipher.size ? 0 : MF_E_NO_MEMORY;
}

/* 0: more is needed from the peer. */
static int error_of(const struct mf__tls *tls, int result)
{
    int reason = SSL_get_error(tls->ssl, result);

    ERR_clear_error(); /* The queue is the thread's: what stays in it would be found by the next connection. */
    if (reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE) {
        return 0;
    }
    return reason == SSL_ERROR_ZERO_RETURN ? MF_E_CLOSED : MF_E_CANCELED;
}

int mf__tls_handshake(struct mf__tls *tls)
{
    int result = SSL_do_handshake(tls->ssl);
    return result == 1 ? 1 : error_of(tls, result);
}

int mf__tls_read(struct mf__tls *tls, uint8_t *plain, size_t size)
{
    MF_ASSERT(size <= INT_MAX);
    int result = SSL_read(tls->ssl, plain, (int)size);
    return result > 0 ? result : error_of(tls, result);
}

int mf__tls_write(struct mf__tls *tls, struct mf_slice plain)
{
    size_t at = 0;

    while (at < plain.size) {
        size_t written = 0;
        int result = SSL_write_ex(tls->ssl, plain.data + at, plain.size - at, &written);
        if (result != 1) {
            mf_ignore(error_of(tls, result)); /* Memory never wants: whatever it is, it is the end. */
            return MF_E_CANCELED;
        }
        at += written;
    }
    return 0;
}

void mf__tls_end(struct mf__tls *tls)
{
    if (SSL_is_init_finished(tls->ssl)) {
        mf_ignore(SSL_shutdown(tls->ssl)); /* Below zero: the peer will see the connection end without it. */
        ERR_clear_error();
    }
}

struct mf_slice mf__tls_peek_cipher(struct mf__tls *tls)
{
    char *data = NULL;
    long size = BIO_get_mem_data(tls->to_peer, &data);
    return mf_slice_of(data, size > 0 ? (size_t)size : 0);
}

void mf__tls_drop_cipher(struct mf__tls *tls)
{
    mf_ignore(BIO_reset(tls->to_peer)); /* It cannot fail on memory. */
}
