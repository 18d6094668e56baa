//! Zstandard (RFC 8878), any number of frames, unpacked within lent memory.
//!
//! The decoder's own window is payload too. So the whole decoder lives in a [`Mapping`], which the library supports
//! for exactly such needs.

use crate::mapping::Mapping;
use crate::stream::Decoded;
use std::io;
use std::ptr::NonNull;

/// Largest window taken, 2^27 bytes: what `zstd --ultra -22` writes. Larger ones need `--long=28` or more.
const WINDOW: usize = 1 << 27;

pub(crate) struct Zstd {
    /// Holds the decoder; must outlive `context`, and never moves (the pages stay when the handle moves).
    _memory: Mapping,
    context: NonNull<zstd_sys::ZSTD_DCtx>,
    within_frame: bool,
}

// SAFETY: the decoder is plain memory that only this value points to; it has no tie to a thread.
#[expect(unsafe_code)]
unsafe impl Send for Zstd {}

impl Zstd {
    pub(crate) fn new() -> io::Result<Self> {
        // SAFETY: a pure computation.
        #[expect(unsafe_code)]
        let length = unsafe { zstd_sys::ZSTD_estimateDStreamSize(WINDOW) };
        let mut memory = Mapping::new(length)?;
        let place = memory.as_mut().as_mut_ptr().cast();
        // SAFETY: the memory is `length` bytes, aligned to a page, exclusively ours, and lives as long as the decoder.
        #[expect(unsafe_code)]
        let context = unsafe { zstd_sys::ZSTD_initStaticDStream(place, length) };
        let context = NonNull::new(context).ok_or_else(|| io::Error::other("zstd decoder does not fit"))?;
        // SAFETY: the decoder was just made; the call only sets a number in it.
        #[expect(unsafe_code)]
        unsafe {
            zstd_sys::ZSTD_DCtx_setMaxWindowSize(context.as_ptr(), WINDOW)
        };
        Ok(Self { _memory: memory, context, within_frame: false })
    }

    /// Unpacks some of `bytes` into `to`; `at_end` when no more will come. Errors: what is wrong.
    pub(crate) fn decode(&mut self, bytes: &[u8], to: &mut [u8], at_end: bool) -> Result<Decoded, &'static str> {
        let mut input = zstd_sys::ZSTD_inBuffer { src: bytes.as_ptr().cast(), size: bytes.len(), pos: 0 };
        let mut output = zstd_sys::ZSTD_outBuffer { dst: to.as_mut_ptr().cast(), size: to.len(), pos: 0 };
        // SAFETY: both buffers describe live slices, and the decoder is ours alone.
        #[expect(unsafe_code)]
        let hint = unsafe { zstd_sys::ZSTD_decompressStream(self.context.as_ptr(), &raw mut output, &raw mut input) };
        // SAFETY: a pure function of the code.
        #[expect(unsafe_code)]
        if unsafe { zstd_sys::ZSTD_isError(hint) } != 0 {
            // SAFETY: a pure function of the code.
            #[expect(unsafe_code)]
            let code = unsafe { zstd_sys::ZSTD_getErrorCode(hint) };
            return Err(if code == zstd_sys::ZSTD_ErrorCode::ZSTD_error_frameParameter_windowTooLarge {
                "zstd window is larger than 128 MiB (pack it without --long)"
            } else {
                "zstd data is damaged"
            });
        }
        if input.pos > 0 || output.pos > 0 {
            self.within_frame = hint != 0;
        }
        if at_end && input.pos == 0 && output.pos == 0 && (self.within_frame || !bytes.is_empty()) {
            return Err("zstd data ends too early");
        }
        Ok(Decoded { taken: input.pos, given: output.pos })
    }
}
