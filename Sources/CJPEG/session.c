#include "session.h"

#include <jerror.h>
#include <stdbool.h>
#include <string.h>

static enum cjpeg_status status_of(int code) {
    switch (code) {
    case JWRN_JPEG_EOF:
    case JERR_INPUT_EOF:
    case JERR_INPUT_EMPTY: return CJPEG_TRUNCATED;
    case JERR_OUT_OF_MEMORY: return CJPEG_MEMORY;
    default: return CJPEG_CORRUPT;
    }
}

/* Warnings that mean that pixels were lost; the rest (stray bytes between segments, odd versions) is harmless. */
static bool means_damage(int code) {
    switch (code) {
    case JWRN_JPEG_EOF:
    case JWRN_HIT_MARKER:
    case JWRN_MUST_RESYNC:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE: return true;
    default: return false;
    }
}

_Noreturn void cjpeg_fail(j_common_ptr cinfo, enum cjpeg_status status, const char *message) {
    struct cjpeg_session *session = (struct cjpeg_session *)cinfo->err;
    session->status = status;
    snprintf(session->message, CJPEG_MESSAGE_SIZE, "%.*s", CJPEG_MESSAGE_SIZE - 1, message);
    longjmp(session->on_error, 1);
}

static void fail(j_common_ptr cinfo) {
    char text[JMSG_LENGTH_MAX] = "";
    cinfo->err->format_message(cinfo, text);
    cjpeg_fail(cinfo, status_of(cinfo->err->msg_code), text);
}

static void emit(j_common_ptr cinfo, int level) {
    if (level < 0 && means_damage(cinfo->err->msg_code)) fail(cinfo);
}

static void print_nothing(j_common_ptr cinfo) { (void)cinfo; }

struct jpeg_error_mgr *cjpeg_begin(struct cjpeg_session *session, char *message) {
    memset(session, 0, sizeof *session);
    jpeg_std_error(&session->errors);
    session->errors.error_exit = fail;
    session->errors.emit_message = emit;
    session->errors.output_message = print_nothing;
    session->message = message;
    return &session->errors;
}
