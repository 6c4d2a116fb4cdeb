# 30 nodes take 50,000 payments a second, says `payments plan`.
environment = "prod"
nodes       = { min = 3, max = 30 }
sinks       = { min = 1, max = 20 }
load = {
  shards = 8
  flags  = ["--num-records=100000000", "--num-customers=1000000"]
}

# Customers are CUST0000000 to CUST0999999 then, and transactions begin with any hexadecimal digit. payments_by_date
# begins with the date: give it the load's own days.
split_keys = {
  payments_by_customer    = ["CUST01", "CUST02", "CUST03", "CUST04", "CUST05", "CUST06", "CUST07", "CUST08", "CUST09"]
  payments_by_transaction = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "a", "b", "c", "d", "e", "f"]
}
