//! What looks like a secret.

/// Compiles a pattern of the setting `safety.mask`, within bounds that no repository can make slow.
pub fn mask_pattern(pattern: &str) -> Result<regex::bytes::Regex, regex::Error> {
    regex::bytes::RegexBuilder::new(pattern).size_limit(1 << 18).nest_limit(50).build()
}
