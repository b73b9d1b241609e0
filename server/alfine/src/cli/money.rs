//! Amounts of money on the command line.

/// Reads an amount of money; whether it is too little is said where it is used.
pub(super) fn usd(text: &str) -> Result<f64, String> {
    let amount: Result<f64, _> = text.trim_start_matches('$').parse();
    amount
        .ok()
        .filter(|amount| amount.is_finite())
        .ok_or_else(|| "not an amount of US dollars, such as 2.50".to_owned())
}
