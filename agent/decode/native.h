#ifndef GEMBA_DECODE_NATIVE_H
#define GEMBA_DECODE_NATIVE_H

#include <libavutil/frame.h>
#include <libswscale/swscale.h>
#include <stdint.h>

// gemba_frame_facts is what Go wants to know of an AVFrame, in one call.
typedef struct {
	int width, height, format, key, corrupt;
	int colorspace, full_range;
	int sar_num, sar_den;
	int64_t stamp, duration;
} gemba_frame_facts;

void gemba_frame_read(const AVFrame *f, gemba_frame_facts *out);

// gemba_reorder_delay is by how many pictures an AVCodecContext delays.
int gemba_reorder_delay(const void *codec_context);

struct SwsContext *gemba_scale_new(int sw, int sh, int format, int colorspace, int full_range, int dw, int dh);
int gemba_scale_run(struct SwsContext *c, const AVFrame *f, uint8_t *dst, int stride);
void gemba_scale_free(struct SwsContext *c);

void gemba_setup(size_t max_alloc);
void gemba_log_forward(int on);
int64_t gemba_log_errors(void);
int64_t gemba_log_warnings(void);

#endif
