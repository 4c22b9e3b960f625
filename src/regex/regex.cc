/* regex.cc - RE2 behind our door. The one file outside of src/engine that is C++, since RE2 has no other door; nothing of it is seen from outside. */
#include <re2/re2.h>

#include <cstring>
#include <memory>
#include <string>

#include "syntax.h"

struct mf_regex {
    explicit mf_regex(const struct mf_slice &text, const RE2::Options &options)
        : re(re2::StringPiece(reinterpret_cast<const char *>(text.data), text.size), options)
    {
    }

    RE2 re;
    int group = 0; /* What is told of a match: 0 is all of it. */
    size_t text_bytes_max = 0;
};

/* A letter, a digit or "_" on neither side: RE2 does not look around, so the sides are matched, too, and the group is told. */
static int
translate_word(struct mf_slice pattern, bool is_literal, struct mf_buf *out, struct mf_buf *ret_why)
{
    int rc = mf_buf_append_cstr(out, "(?:(?m:^)|[^\\pL\\pN_])(");

    if (rc == 0 && is_literal) {
        std::string quoted =
            RE2::QuoteMeta(re2::StringPiece(reinterpret_cast<const char *>(pattern.data), pattern.size));
        rc = mf_buf_append(out, quoted.data(), quoted.size());
    } else if (rc == 0) {
        rc = mf__regex_translate(pattern, out, ret_why);
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, ")(?:(?m:$)|[^\\pL\\pN_])");
}

static int translate(struct mf_slice pattern,
                     const struct mf_regex_options *options,
                     struct mf_buf *out,
                     struct mf_buf *ret_why)
{
    if (options->is_word) {
        return translate_word(pattern, options->is_literal, out, ret_why);
    }
    return options->is_literal ? mf_buf_append_slice(out, pattern)
                               : mf__regex_translate(pattern, out, ret_why);
}

/* What of an expression's meaning only RE2 knows: ranges and names of properties. */
static int is_wrong(const RE2 &re, struct mf_slice pattern, struct mf_buf *ret_why)
{
    const std::string &part = re.error_arg();
    const std::string what = re.error().substr(0, re.error().find(':'));
    const void *at = part.empty() ? nullptr : memmem(pattern.data, pattern.size, part.data(), part.size());

    mf_ignore(
        mf_buf_printf(ret_why, "The expression is not valid: %s", what.c_str())); /* It fits, and so does */
    if (at != nullptr) { /* the rest: the expression is short. Of two such parts it is the first. */
        size_t offset = static_cast<size_t>(static_cast<const uint8_t *>(at) - pattern.data);
        mf_ignore(mf_buf_printf(ret_why, ": %s at character %zu", part.c_str(),
                                mf__regex_character(pattern, offset)));
    }
    mf_ignore(mf_buf_append_cstr(ret_why, "."));
    return MF_E_WORKSPACE_PATTERN;
}

/* How much text it may be given, if it may be used at all. */
static int judge(struct mf_regex *regex, struct mf_slice pattern, struct mf_buf *ret_why)
{
    const RE2 &re = regex->re;

    if (!re.ok() && re.error_code() != RE2::ErrorPatternTooLarge && re.error_code() != RE2::ErrorRepeatSize) {
        return is_wrong(re, pattern, ret_why);
    }
    int size = re.ok() ? re.ProgramSize() : -1;
    int reverse = re.ok() ? re.ReverseProgramSize() : -1;
    if (size < 0 || size > MF_REGEX_INSTRUCTIONS_MAX || reverse < 0 || reverse > MF_REGEX_INSTRUCTIONS_MAX) {
        mf_ignore(mf_buf_append_cstr(
            ret_why, "The expression is too large: fewer or smaller repetitions.")); /* It is short. */
        return MF_E_WORKSPACE_PATTERN;
    }
    size_t most = static_cast<size_t>(size > reverse ? size : reverse);
    regex->text_bytes_max = MF_REGEX_WORK_MAX / (most > 0 ? most : 1);
    return 0;
}

int mf_regex_new(struct mf_slice pattern,
                 const struct mf_regex_options *options,
                 MF_OWN struct mf_regex **ret_regex,
                 struct mf_buf *ret_why)
{
    RE2::Options how;
    struct mf_buf text;
    int rc;

    how.set_log_errors(false);
    how.set_never_nl(true);
    how.set_max_mem(MF_REGEX_MEMORY_BYTES_MAX);
    how.set_literal(options->is_literal && !options->is_word);
    how.set_case_sensitive(!options->ignores_case);
    mf_buf_init(&text, MF_REGEX_SOURCE_BYTES_MAX);
    rc = translate(pattern, options, &text, ret_why);
    if (rc == MF_E_TOO_LARGE) {
        mf_ignore(mf_buf_append_cstr(ret_why, "The expression is too large.")); /* It is short. */
        rc = MF_E_WORKSPACE_PATTERN;
    }
    if (rc == 0) {
        std::unique_ptr<struct mf_regex> regex(new struct mf_regex(mf_buf_peek(&text), how));
        regex->group = options->is_word ? 1 : 0;
        rc = judge(regex.get(), pattern, ret_why);
        if (rc == 0) {
            *ret_regex = regex.release();
        }
    }
    mf_buf_done(&text);
    return rc;
}

void mf_regex_free(MF_OWN struct mf_regex *regex)
{
    delete regex;
}

size_t mf_regex_text_bytes_max(const struct mf_regex *regex)
{
    return regex->text_bytes_max;
}

int64_t mf_regex_find(const struct mf_regex *regex, struct mf_slice text)
{
    const char *data = text.size == 0 ? "" : reinterpret_cast<const char *>(text.data);
    const re2::StringPiece in(data, text.size);
    re2::StringPiece groups[2];
    size_t at = 0;

    MF_ASSERT(text.size <= regex->text_bytes_max);
    /* RE2 finds "\B" within a character, too. Nothing but nothing matches there, so what is searched again is that character. */
    do {
        if (!regex->re.Match(in, at, text.size, RE2::UNANCHORED, groups, regex->group + 1)) {
            return -1;
        }
        at = static_cast<size_t>(groups[regex->group].data() - data);
    } while (at < text.size && (text.data[at] & 0xc0) == 0x80 && ++at > 0);
    return static_cast<int64_t>(at);
}
