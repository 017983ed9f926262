package analytics

import "fmt"

// Figures are the additive figures that every metric is computed of, over some
// rows. Amounts are minor units; those of a dataset that a question is not about
// stay zero.
type Figures struct {
	Impressions    int64
	Clicks         int64
	BillableClicks int64
	SpendGross     int64
	Credits        int64
	UnitsIn        int64
	UnitsOut       int64
	Transactions   int64
}

// fields are the figures one by one, for what is done to each.
func (f *Figures) fields() [8]*int64 {
	return [8]*int64{&f.Impressions, &f.Clicks, &f.BillableClicks, &f.SpendGross, &f.Credits, &f.UnitsIn, &f.UnitsOut, &f.Transactions}
}

// plus returns the sums. It returns an error where one leaves 64 bits.
func (f Figures) plus(other Figures) (Figures, error) {
	others := other.fields()
	for i, field := range f.fields() {
		sum := *field + *others[i]
		if (sum > *field) != (*others[i] > 0) {
			return Figures{}, fmt.Errorf("add %d and %d: the sum leaves 64 bits", *field, *others[i])
		}
		*field = sum
	}
	return f, nil
}
