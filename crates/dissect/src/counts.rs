//! What was read, and what was dropped or cut: shown to people, because a sensor that hides its losses lies.

/// Counts of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Frames given.
    pub frames: u64,
    /// Bytes of those frames on the wire.
    pub bytes: u64,
    /// Conversations.
    pub flows: u64,
    /// Frames that the capture holds only in part.
    pub cut_frames: u64,
    /// Frames of a link type that is not read.
    pub unread_link: u64,
    /// Frames that end within their own headers.
    pub short_frames: u64,
    /// Frames of a network protocol that no dissector reads.
    pub other_frames: u64,
    /// Frames that the radio encrypted.
    pub sealed_frames: u64,
    /// IP packets whose headers are cut or contradict themselves.
    pub bad_packets: u64,
    /// IP fragments that never came together.
    pub lost_fragments: u64,
    /// TCP, UDP or ICMP headers that are cut or contradict themselves.
    pub bad_segments: u64,
    /// Conversations reported early because the flow table was full.
    pub evicted_flows: u64,
    /// TCP payload bytes that never reached the sensor.
    pub missed_bytes: u64,
    /// Payload bytes that were not read because a message was longer than its window, lent memory was full, or their
    /// place in the stream was not believed.
    pub cut_bytes: u64,
    /// Times that frames began to be an hour ahead of those before, or a minute behind.
    pub clock_leaps: u64,
}

impl Counts {
    /// Every loss with its meaning, zero or not.
    #[must_use]
    pub fn losses(&self) -> [(&'static str, u64); 12] {
        [
            ("frames captured only in part", self.cut_frames),
            ("frames of a link type that is not read", self.unread_link),
            ("frames that end within their headers", self.short_frames),
            ("frames of a network protocol that is not read", self.other_frames),
            ("frames encrypted on the air", self.sealed_frames),
            ("IP packets with broken headers", self.bad_packets),
            ("IP fragments that never came together", self.lost_fragments),
            ("TCP, UDP or ICMP messages with broken headers", self.bad_segments),
            ("flows reported early because the table was full", self.evicted_flows),
            ("TCP bytes that never reached the sensor", self.missed_bytes),
            ("payload bytes beyond a window or lent memory", self.cut_bytes),
            ("leaps of the frames' clock", self.clock_leaps),
        ]
    }
}
