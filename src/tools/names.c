#include "names.h"

#include <stdlib.h>

static const char *const reserved[] = {
    "abstract", "arguments",  "await",        "boolean",   "break",    "byte",     "case",       "catch",
    "char",     "class",      "const",        "continue",  "debugger", "default",  "delete",     "do",
    "double",   "else",       "enum",         "eval",      "export",   "extends",  "false",      "final",
    "finally",  "float",      "for",          "function",  "goto",     "if",       "implements", "import",
    "in",       "instanceof", "int",          "interface", "let",      "long",     "native",     "new",
    "null",     "package",    "private",      "protected", "public",   "return",   "short",      "static",
    "super",    "switch",     "synchronized", "this",      "throw",    "throws",   "transient",  "true",
    "try",      "typeof",     "undefined",    "var",       "void",     "volatile", "while",      "with",
    "yield",
};

static int compare_words(const void *key, const void *word)
{
    const struct mf_slice *name = key;
    const char *text = *(const char *const *)word;
    int order = strncmp((const char *)name->data, text, name->size);

    return order != 0 ? order : -(text[name->size] != '\0');
}

static bool is_reserved(struct mf_slice name)
{
    return name.size > 0 &&
           bsearch(&name, reserved, MF_COUNT_OF(reserved), sizeof reserved[0], compare_words) != NULL;
}

static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
}

static bool is_plain(struct mf_slice name)
{
    if (name.size == 0 || !is_letter(name.data[0])) {
        return false;
    }
    for (size_t i = 1; i < name.size; i++) {
        if (!is_letter(name.data[i]) && !mf_is_digit(name.data[i])) {
            return false;
        }
    }
    return true;
}

bool mf__names_is_identifier(struct mf_slice name)
{
    return is_plain(name) && !is_reserved(name);
}

/* Bytes of the blank that |text| begins with (JavaScript's \s), or 0. */
static size_t blank_at(struct mf_slice text)
{
    static const char *const wide[] = {"\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81",
                                       "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85",
                                       "\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89",
                                       "\xe2\x80\x8a", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf",
                                       "\xe2\x81\x9f", "\xe3\x80\x80", "\xef\xbb\xbf"};

    if (text.size == 0) {
        return 0;
    }
    if (text.data[0] == ' ' || (text.data[0] >= '\t' && text.data[0] <= '\r')) {
        return 1;
    }
    for (size_t i = 0; text.data[0] >= 0x80 && i < MF_COUNT_OF(wide); i++) {
        if (mf_slice_starts_with(text, wide[i])) {
            return strlen(wide[i]);
        }
    }
    return 0;
}

struct mf_slice mf__names_trim(struct mf_slice text)
{
    for (size_t blank; (blank = blank_at(text)) > 0;) {
        text = mf_slice_of(text.data + blank, text.size - blank);
    }
    while (text.size > 0 && (text.data[text.size - 1] == ' ' ||
                             (text.data[text.size - 1] >= '\t' && text.data[text.size - 1] <= '\r'))) {
        text.size--;
    }
    return text;
}

int mf__names_append_tool(struct mf_buf *out, struct mf_slice name)
{
    size_t begin = out->size;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < name.size;) {
        uint8_t c = name.data[i];
        size_t blank = blank_at(mf_slice_of(name.data + i, name.size - i));
        if (blank > 0 || c == '-' || c == '.') {
            rc = mf_buf_append_cstr(out, "_");
        } else if (is_letter(c) || mf_is_digit(c)) {
            if (mf_is_digit(c) && out->size == begin) {
                rc = mf_buf_append_cstr(out, "_");
            }
            rc = rc < 0 ? rc : mf_buf_append(out, &c, 1);
        }
        i += blank > 0 ? blank : 1;
    }
    if (rc == 0 && (out->size == begin || is_reserved(mf_slice_of(out->data + begin, out->size - begin)))) {
        rc = mf_buf_append_cstr(out, "_");
    }
    return rc;
}

int mf__names_append_type(struct mf_buf *out, struct mf_slice identifier)
{
    bool is_first = true;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < identifier.size; i++) {
        uint8_t c = identifier.data[i];
        bool is_joint = c == '_' && i + 1 < identifier.size && identifier.data[i + 1] >= 'a' &&
                        identifier.data[i + 1] <= 'z';
        if (is_joint) {
            c = identifier.data[++i];
        }
        if ((is_joint || is_first) && c >= 'a' && c <= 'z') {
            c = (uint8_t)(c - 'a' + 'A');
        }
        is_first = false;
        rc = mf_buf_append(out, &c, 1);
    }
    return rc;
}

/* U+2028 or U+2029, which end lines of JavaScript. */
static bool is_separator_at(struct mf_slice text, size_t i)
{
    return text.data[i] == 0xe2 && text.size - i >= 3 && text.data[i + 1] == 0x80 &&
           (text.data[i + 2] == 0xa8 || text.data[i + 2] == 0xa9);
}

int mf__names_append_literal(struct mf_buf *out, struct mf_slice text)
{
    int rc = mf_buf_append_cstr(out, "\"");

    for (size_t i = 0; rc == 0 && i < text.size; i++) {
        uint8_t c = text.data[i];
        bool is_separator = is_separator_at(text, i);
        if (c == '"' || c == '\\') {
            rc = mf_buf_printf(out, "\\%c", c);
        } else if (c == '\n' || c == '\r' || c == '\t') {
            rc = mf_buf_printf(out, "\\%c", c == '\n' ? 'n' : c == '\r' ? 'r' : 't');
        } else if (is_separator) {
            rc = mf_buf_append_cstr(out, text.data[i + 2] == 0xa8 ? "\\u2028" : "\\u2029");
            i += 2;
        } else if (c < 0x20 || c == 0x7f) {
            rc = mf_buf_printf(out, "\\u%04x", c);
        } else {
            rc = mf_buf_append(out, &c, 1);
        }
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "\"");
}

int mf__names_append_property(struct mf_buf *out, struct mf_slice name)
{
    return is_plain(name) ? mf_buf_append_slice(out, name) : mf__names_append_literal(out, name);
}

int mf__names_append_comment(struct mf_buf *out, struct mf_slice text)
{
    bool is_cut = text.size > MF_TOOLS_TEXT_BYTES_MAX;
    size_t size = is_cut ? MF_TOOLS_TEXT_BYTES_MAX : text.size;
    int rc = 0;

    while (is_cut && size > 0 && (text.data[size] & 0xc0) == 0x80) {
        size--;
    }
    for (size_t i = 0; rc == 0 && i < size; i++) {
        uint8_t c = text.data[i];
        if (c == '\r' && i + 1 < size && text.data[i + 1] == '\n') {
            continue;
        }
        if (is_separator_at(text, i)) {
            c = ' ';
            i += 2;
        } else if ((c < 0x20 && c != '\t') || c == 0x7f) {
            c = ' ';
        }
        /* Also when the star is the caller's, or the end of what was appended before. */
        if (c == '/' && out->size > 0 && out->data[out->size - 1] == '*') {
            rc = mf_buf_append_cstr(out, "\\");
        }
        rc = rc < 0 ? rc : mf_buf_append(out, &c, 1);
    }
    return rc < 0 || !is_cut ? rc : mf_buf_append_cstr(out, "...");
}

/* ---- the set ---------------------------------------------------------------------------------- */

void mf__names_done(struct mf__names *names)
{
    mf_free(names->slots);
    *names = (struct mf__names){0};
}

static struct mf__names_slot *find(const struct mf__names *names, struct mf_slice text)
{
    size_t at = (size_t)mf_hash(text) & (names->capacity - 1);

    while (names->slots[at].text.data != NULL && !mf_slice_equal(names->slots[at].text, text)) {
        at = (at + 1) & (names->capacity - 1);
    }
    return &names->slots[at];
}

static int grow(struct mf__names *names)
{
    struct mf__names larger = {.capacity = names->capacity == 0 ? 16 : names->capacity * 2,
                               .count = names->count};

    larger.slots = mf_try_alloc(larger.capacity * sizeof *larger.slots);
    if (larger.slots == NULL) {
        return MF_E_NO_MEMORY;
    }
    for (size_t i = 0; i < names->capacity; i++) {
        if (names->slots[i].text.data != NULL) {
            *find(&larger, names->slots[i].text) = names->slots[i];
        }
    }
    mf_free(names->slots);
    *names = larger;
    return 0;
}

int mf__names_add(struct mf__names *names, struct mf_slice text, size_t value)
{
    struct mf__names_slot *slot;
    int rc = names->count * 2 >= names->capacity ? grow(names) : 0;

    if (rc < 0) {
        return rc;
    }
    if (text.data == NULL) {
        text = mf_slice_of("", 0);
    }
    slot = find(names, text);
    if (slot->text.data != NULL) {
        return 0;
    }
    slot->text = text;
    slot->value = value;
    names->count++;
    return 1;
}

size_t *mf__names_value(const struct mf__names *names, struct mf_slice text)
{
    struct mf__names_slot *slot = names->capacity == 0 ? NULL : find(names, text);

    return slot == NULL || slot->text.data == NULL ? NULL : &slot->value;
}
