#include "native.h"
#include "_cgo_export.h"

#include <libavcodec/avcodec.h>
#include <libavutil/log.h>
#include <libavutil/mem.h>
#include <libavutil/pixdesc.h>
#include <stdatomic.h>

static atomic_llong log_errors, log_warnings;
static atomic_int log_forwarded;

// go-astiav's own log callback prints into a fixed buffer without a bound, and
// messages carry foreign text (metadata, file names). This one is bounded.
static void gemba_log(void *ctx, int level, const char *fmt, va_list args)
{
	if (level > AV_LOG_WARNING)
		return;
	if (level > AV_LOG_ERROR)
		atomic_fetch_add(&log_warnings, 1);
	else
		atomic_fetch_add(&log_errors, 1);
	if (!atomic_load(&log_forwarded))
		return;
	char line[512];
	int prefix = 1;
	av_log_format_line2(ctx, level, fmt, args, line, sizeof line, &prefix);
	gembaDecodeLog(level, line);
}

void gemba_setup(size_t max_alloc)
{
	av_max_alloc(max_alloc);
	av_log_set_callback(gemba_log);
}

void gemba_log_forward(int on) { atomic_store(&log_forwarded, on); }
int64_t gemba_log_errors(void) { return atomic_load(&log_errors); }
int64_t gemba_log_warnings(void) { return atomic_load(&log_warnings); }

void gemba_frame_read(const AVFrame *f, gemba_frame_facts *out)
{
	out->width = f->width;
	out->height = f->height;
	out->format = f->format;
	out->key = (f->flags & AV_FRAME_FLAG_KEY) != 0;
	out->corrupt = (f->flags & AV_FRAME_FLAG_CORRUPT) != 0 || f->decode_error_flags != 0;
	out->colorspace = f->colorspace;
	out->full_range = f->color_range == AVCOL_RANGE_JPEG;
	out->sar_num = f->sample_aspect_ratio.num;
	out->sar_den = f->sample_aspect_ratio.den;
	out->stamp = f->best_effort_timestamp;
	out->duration = f->duration;
}

int gemba_reorder_delay(const void *codec_context)
{
	return ((const AVCodecContext *)codec_context)->has_b_frames;
}

struct SwsContext *gemba_scale_new(int sw, int sh, int format, int colorspace, int full_range, int dw, int dh)
{
	const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(format);
	if (!desc || (desc->flags & AV_PIX_FMT_FLAG_HWACCEL))
		return NULL;
	int flags = SWS_AREA;
	// The fast conversion without scaling writes eight pixels at a time and
	// leaves the last ones of a row out where the rows lie close together; this
	// flag keeps libswscale from taking it.
	if (sw == dw && sh == dh && (dw & 7))
		flags |= SWS_ACCURATE_RND;
	struct SwsContext *c = sws_getContext(sw, sh, format, dw, dh, AV_PIX_FMT_RGB24, flags, NULL, NULL, NULL);
	if (!c)
		return NULL;
	int *inv, *table, src_range, dst_range, brightness, contrast, saturation;
	if (sws_getColorspaceDetails(c, &inv, &src_range, &table, &dst_range, &brightness, &contrast, &saturation) >= 0) {
		// Untagged pictures: as players do, BT.709 from 720 lines on.
		if (colorspace == AVCOL_SPC_UNSPECIFIED || colorspace == AVCOL_SPC_RESERVED)
			colorspace = sh >= 720 ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;
		if (full_range)
			src_range = 1;
		// Fails for sources that are not YUV, which need no conversion.
		sws_setColorspaceDetails(c, sws_getCoefficients(colorspace), src_range, table, dst_range, brightness, contrast, saturation);
	}
	return c;
}

int gemba_scale_run(struct SwsContext *c, const AVFrame *f, uint8_t *dst, int stride)
{
	uint8_t *planes[4] = {dst, NULL, NULL, NULL};
	int strides[4] = {stride, 0, 0, 0};
	return sws_scale(c, (const uint8_t *const *)f->data, f->linesize, 0, f->height, planes, strides);
}

void gemba_scale_free(struct SwsContext *c) { sws_freeContext(c); }
