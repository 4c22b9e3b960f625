/* reader.h - from a parsed mayfly.json into a struct mf_config, field by field, strictly. */
#ifndef MAYFLY_CONFIG_READER_H
#define MAYFLY_CONFIG_READER_H

#include <mayfly/config.h>

struct cJSON;
struct config_field;

/* Where a field stands, "/listen/2/tls/cert": three levels of short names. */
#define CONFIG_POINTER_BYTES_MAX 192

struct config_reader {
    struct mf_config *config;
    char *why; /* MF_CONFIG_WHY_BYTES_MAX */
    bool has_listen;
    bool has_jail_required;
    bool has_isolation;
};

/* Writes "<pointer>: <sentence>" to |why|; always MF_E_CONFIG. */
int mf__config_fail(struct config_reader *reader, const char *pointer, const char *format, ...)
    MF_PRINTF(3, 4);

/* Puts every default in place. */
void mf__config_apply_defaults(struct mf_config *config, const struct config_field *fields);
/* Reads the members of |object| into their fields; a member that is unknown, or there twice, is refused. */
MF_MUST_CHECK int mf__config_read_object(struct config_reader *reader,
                                         const struct cJSON *object,
                                         const char *pointer,
                                         const struct config_field *fields);
/* What no single field can see: bounds between fields. */
MF_MUST_CHECK int mf__config_check_whole(struct config_reader *reader);

/* A whole number from |min| to |max|. */
MF_MUST_CHECK int mf__config_read_whole(struct config_reader *reader,
                                        const struct cJSON *value,
                                        const char *pointer,
                                        uint64_t min,
                                        uint64_t max,
                                        uint64_t *ret_number);
/* A string of 1 to |bytes_max| bytes without control characters; replaces |*place|. */
MF_MUST_CHECK int mf__config_read_text(struct config_reader *reader,
                                       const struct cJSON *value,
                                       const char *pointer,
                                       size_t bytes_max,
                                       char **place);
/* The same, and it begins with '/'. */
MF_MUST_CHECK int mf__config_read_path(struct config_reader *reader,
                                       const struct cJSON *value,
                                       const char *pointer,
                                       size_t bytes_max,
                                       char **place);
/* Writes "<parent>/<name>", cut when it is too long, with '~' and '/' of |name| escaped (RFC 6901). */
void mf__config_pointer_join(char *pointer, const char *parent, const char *name);
char *mf__config_copy_text(const char *text);

/* The fields that are more than a number; each is in its own file. */
int mf__config_read_listen(struct config_reader *reader, const struct cJSON *value, const char *pointer);
int mf__config_read_hosts(struct config_reader *reader, const struct cJSON *value, const char *pointer);
int mf__config_read_origins(struct config_reader *reader, const struct cJSON *value, const char *pointer);
int mf__config_read_dns_servers(struct config_reader *reader, const struct cJSON *value, const char *pointer);
int mf__config_read_outbound(struct config_reader *reader, const struct cJSON *value, const char *pointer);
int mf__config_read_log_level(struct config_reader *reader, const struct cJSON *value, const char *pointer);
int mf__config_read_isolation(struct config_reader *reader, const struct cJSON *value, const char *pointer);
int mf__config_read_otlp_url(struct config_reader *reader, const struct cJSON *value, const char *pointer);
int mf__config_read_usage_push_url(struct config_reader *reader,
                                   const struct cJSON *value,
                                   const char *pointer);
int mf__config_read_v8_flags(struct config_reader *reader, const struct cJSON *value, const char *pointer);
int mf__config_read_key_files(struct config_reader *reader, const struct cJSON *value, const char *pointer);
int mf__config_read_jail_layers(struct config_reader *reader, const struct cJSON *value, const char *pointer);
int mf__config_read_jail_required(struct config_reader *reader,
                                  const struct cJSON *value,
                                  const char *pointer);

/* Of the fixed ones among them: is it another one. change.c. */
bool mf__config_listens_differ(const struct mf_config *one, const struct mf_config *other);
bool mf__config_dns_servers_differ(const struct mf_config *one, const struct mf_config *other);
bool mf__config_isolation_differs(const struct mf_config *one, const struct mf_config *other);
bool mf__config_otlp_url_differs(const struct mf_config *one, const struct mf_config *other);
bool mf__config_usage_push_url_differs(const struct mf_config *one, const struct mf_config *other);
bool mf__config_v8_flags_differ(const struct mf_config *one, const struct mf_config *other);
bool mf__config_key_files_differ(const struct mf_config *one, const struct mf_config *other);
bool mf__config_jail_layers_differ(const struct mf_config *one, const struct mf_config *other);
bool mf__config_jail_required_differs(const struct mf_config *one, const struct mf_config *other);

/* "127.0.0.1:8787", "[::1]:0", "localhost:80"; says whether other machines can reach it. */
MF_MUST_CHECK int mf__config_parse_address(struct config_reader *reader,
                                           const char *text,
                                           const char *pointer,
                                           struct mf_config_listen *listen);
/* None of them is wide, unless callers are asked for a token. */
MF_MUST_CHECK int mf__config_check_listens(struct config_reader *reader);
void mf__config_listens_clear(struct mf_config *config);
/* The file "/name" that the service manager hands over, or NULL. */
MF_OWN char *mf__config_credential(const char *below);
/* Where the daemon keeps its files when nobody says: from the environment, or NULL. */
MF_OWN char *mf__config_default_state_dir(void);

#endif
