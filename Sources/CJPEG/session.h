/* How one call to libjpeg reports its end. */
#pragma once

#include "CJPEG.h"

#include <stdio.h>

#include <jpeglib.h>
#include <setjmp.h>

struct cjpeg_session {
    struct jpeg_error_mgr errors; /* first, so that libjpeg's pointer to it is a pointer to this */
    jmp_buf on_error;
    enum cjpeg_status status;
    char *message;
};

/* Ends the call under way with a status and a message of its own. */
_Noreturn void cjpeg_fail(j_common_ptr cinfo, enum cjpeg_status status, const char *message);

/* Readies a session and returns what to set as `cinfo.err`; the caller sets `on_error` before it calls libjpeg. */
struct jpeg_error_mgr *cjpeg_begin(struct cjpeg_session *session, char *message);
