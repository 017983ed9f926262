package analytics

import "slices"

// Group is the figures of what has the same values in every dimension.
type Group struct {
	// Keys are one cell for each dimension; nil is the value of what is folded.
	Keys []Cell
	// Sums are over the dates asked for, Compared over those compared with.
	Sums, Compared Figures
	// Parties and ComparedParties are how many distinct parties the figures are
	// of, in each span; counted for aggregates only.
	Parties, ComparedParties int64
	// Other marks what is folded.
	Other bool
}

// Anonymous reports whether so many parties in both spans hide each of them. None
// at all is nothing to hide.
func Anonymous(parties, comparedParties int64) bool {
	return enough(parties) && enough(comparedParties)
}

func enough(parties int64) bool { return parties == 0 || parties >= PartiesMin }

// fold makes the groups of one commodity safe to show to who may see aggregates
// only. shown are groups that are safe by themselves, in the order of rows, of any
// commodity; rest is everything else of its own together, its parties counted once
// each however many groups they are in. same says which groups are of rest's
// commodity. What it returns ends with OTHER.
//
// While rest is the figures of too few parties, the smallest group that would hide
// them joins it: otherwise the total less the rows that are shown would tell what
// they did. Where no group is left that could, all that there is together is too
// little, and nothing of the commodity is shown.
//
// What fold cannot hide is the difference of the answers to two questions.
func fold(shown []Group, rest Group, same func(Group) bool) ([]Group, error) {
	shown = slices.Clone(shown)
	rest.Other = true
	for !Anonymous(rest.Parties, rest.ComparedParties) {
		i := smallest(shown, rest, same)
		if i < 0 {
			return slices.DeleteFunc(shown, same), nil
		}
		if err := rest.join(shown[i]); err != nil {
			return nil, err
		}
		shown = slices.Delete(shown, i, i+1)
	}
	return append(shown, rest), nil
}

// smallest returns the index of the group of the fewest parties that hides those of
// rest in a span in which they are too few, -1 for none. Of equals it is the last:
// a row that comes later is missed less.
func smallest(shown []Group, rest Group, same func(Group) bool) int {
	found := -1
	for i, g := range shown {
		helps := (!enough(rest.Parties) && g.Parties > 0) || (!enough(rest.ComparedParties) && g.ComparedParties > 0)
		if helps && same(g) && (found < 0 || g.Parties+g.ComparedParties <= shown[found].Parties+shown[found].ComparedParties) {
			found = i
		}
	}
	return found
}

// join adds the figures of a group that is safe by itself. How many parties are in
// either is then not known exactly, as some may be in both, but at least as many as
// in each: enough to decide.
func (g *Group) join(safe Group) error {
	var err error
	if g.Sums, err = g.Sums.plus(safe.Sums); err != nil {
		return err
	}
	if g.Compared, err = g.Compared.plus(safe.Compared); err != nil {
		return err
	}
	g.Parties, g.ComparedParties = max(g.Parties, safe.Parties), max(g.ComparedParties, safe.ComparedParties)
	return nil
}
