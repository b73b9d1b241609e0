# The price of a basket in cents: total CENTS [COUPON] [TODAY]
total() {
  echo "$1"
}
