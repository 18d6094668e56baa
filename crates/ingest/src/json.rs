//! JSON objects one by one, out of lines or out of one long list, in bounded memory.
