package demo

import (
	"math"
	"math/rand/v2"
	"time"
)

// weekdays and hours say when people work, in their own zone: the share of an
// average day's activity, and the weight of each hour within the day.
var (
	weekdays = [7]float64{0.45, 1.15, 1.25, 1.25, 1.2, 1.1, 0.6} // from Sunday
	hours    = [24]int{2, 1, 1, 1, 1, 2, 4, 8, 14, 20, 22, 20, 14, 16, 20, 20, 18, 14, 10, 10, 11, 10, 7, 4}
)

// place is where owners live: their law, their clock and their money.
type place struct {
	jurisdiction string
	zone         string
	weight       int
}

var places = []place{
	{"US", "America/New_York", 14},
	{"US", "America/Chicago", 8},
	{"US", "America/Los_Angeles", 10},
	{"IN", "Asia/Kolkata", 28},
	{"NP", "Asia/Kathmandu", 10},
	{"DE", "Europe/Berlin", 18},
	{"JP", "Asia/Tokyo", 12},
}

// activeTimes draws the instants of one local day at which someone with this
// average number of acts a day acts, in no particular order.
func activeTimes(rng *rand.Rand, midnight time.Time, perDay float64) []time.Time {
	times := make([]time.Time, poisson(rng, perDay*weekdays[midnight.Weekday()]))
	for i := range times {
		hour := weighted(rng, hours[:])
		times[i] = atLocal(midnight, hour, rng.IntN(60)).Add(milliseconds(rng, time.Minute))
	}
	return times
}

// atLocal returns a wall-clock time of midnight's day in its zone; on days that
// change the clock it is still that time on the wall.
func atLocal(midnight time.Time, hour, minute int) time.Time {
	year, month, day := midnight.Date()
	return time.Date(year, month, day, hour, minute, 0, 0, midnight.Location())
}

// nextMidnight returns the first midnight in zone after an instant.
func nextMidnight(at time.Time, zone *time.Location) time.Time {
	year, month, day := at.In(zone).Date()
	return time.Date(year, month, day+1, 0, 0, 0, 0, zone)
}

// nextMonthly returns the next instant after at that is day, 1 to 28, of a month
// in zone, some minutes after midnight.
func nextMonthly(at time.Time, zone *time.Location, day, minutes int) time.Time {
	year, month, _ := at.In(zone).Date()
	next := time.Date(year, month, day, 0, minutes, 0, 0, zone)
	if !next.After(at) {
		next = time.Date(year, month+1, day, 0, minutes, 0, 0, zone)
	}
	return next
}

// poisson draws how often something happens that does so mean times on average,
// by multiplying uniform numbers: right for the small means of one day.
func poisson(rng *rand.Rand, mean float64) int {
	limit, product, n := math.Exp(-mean), rng.Float64(), 0
	for product > limit {
		product *= rng.Float64()
		n++
	}
	return n
}

// weighted draws an index with probability proportional to its weight.
func weighted(rng *rand.Rand, weights []int) int {
	var total int
	for _, weight := range weights {
		total += weight
	}
	draw := rng.IntN(total)
	for i, weight := range weights {
		if draw -= weight; draw < 0 {
			return i
		}
	}
	return len(weights) - 1
}

// milliseconds draws a duration below limit, in whole milliseconds.
func milliseconds(rng *rand.Rand, limit time.Duration) time.Duration {
	return time.Duration(rng.Int64N(int64(limit/time.Millisecond))) * time.Millisecond
}

// chance is true once in a while.
func chance(rng *rand.Rand, probability float64) bool { return rng.Float64() < probability }
