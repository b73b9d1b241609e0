. ./shop.sh
got=$(total 1000 SAVE10 2027-01-01)
if [ "$got" != 1000 ]; then
  echo "tests/expired.sh:2: error: an expired SAVE10 on 1000 cents gives $got, not 1000"
  exit 1
fi
