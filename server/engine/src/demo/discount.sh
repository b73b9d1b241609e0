. ./shop.sh
got=$(total 1000 SAVE10 2026-01-01)
if [ "$got" != 900 ]; then
  echo "tests/discount.sh:2: error: SAVE10 on 1000 cents gives $got, not 900"
  exit 1
fi
