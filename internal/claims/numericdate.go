package claims

import (
	"math"
	"strconv"
	"time"
)

// maxNumericDate is the last second of the year 9999. Times beyond it are
// mistakes, such as milliseconds, and overflow in other libraries.
const maxNumericDate = 253402300799

// numericDate reads a JSON value whose form has been checked: a number that is not
// negative.
func numericDate(value []byte) (time.Time, bool) {
	if value[0] == '-' {
		return time.Time{}, false
	}
	seconds, err := strconv.ParseFloat(string(value), 64)
	if err != nil || seconds > maxNumericDate {
		return time.Time{}, false
	}
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(fraction*1e9)), true
}
