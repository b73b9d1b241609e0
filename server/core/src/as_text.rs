//! Values that are one text wherever they are written down.

/// Has serde read and write a type as [`FromStr`](std::str::FromStr) and [`Display`](std::fmt::Display) do: what its
/// `#[serde(try_from = "String", into = "String")]` asks for.
#[macro_export]
macro_rules! as_text {
    ($name:ty, $error:ty) => {
        impl TryFrom<String> for $name {
            type Error = $error;

            fn try_from(text: String) -> Result<Self, $error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.to_string()
            }
        }
    };
}
