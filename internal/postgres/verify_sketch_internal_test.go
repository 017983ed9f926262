package postgres

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"purser/ledger"
)

// projection is rows of owners as a table would hold them, and their sketch.
type projection struct {
	sketch *sketch
	rows   map[ledger.ID]map[int]int64
	ids    []ledger.ID // in order
}

type projectionKey struct {
	id  ledger.ID
	row int
}

// numbered is an id that sorts by n, as ids do that are made in time.
func numbered(n int) (id ledger.ID) {
	binary.BigEndian.PutUint64(id[4:], uint64(n))
	return id
}

func newProjection(owners, rows int) *projection {
	p := &projection{sketch: newSketch(), rows: map[ledger.ID]map[int]int64{}}
	for n := range owners {
		id := numbered(n)
		p.ids = append(p.ids, id)
		p.rows[id] = map[int]int64{}
		p.sketch.owner(id)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 3 * owners * rows {
		p.add(p.ids[random.IntN(owners)], random.IntN(rows), int64(random.IntN(100)))
	}
	return p
}

func (p *projection) add(id ledger.ID, row int, value int64) {
	sketchAdd(p.sketch, id, projectionKey{id, row}, value, 1)
	p.rows[id][row] += value<<8 + 1 // both columns in one number
}

func (p *projection) read(_ context.Context, from ledger.ID, limit int, yield func(int64, ledger.ID, projectionKey, ...int64)) error {
	for _, id := range p.ids {
		if string(id[:]) < string(from[:]) {
			continue
		}
		for row, sum := range p.rows[id] {
			if limit == 0 {
				return nil
			}
			limit--
			yield(7, id, projectionKey{id, row}, sum>>8, sum&0xff)
		}
	}
	return nil
}

// differing counts the pages that differ, and all pages.
func (p *projection) differing(t *testing.T, limit int) (differ, pages int) {
	t.Helper()
	var from ledger.ID
	for {
		page, err := readSketchPage(t.Context(), p.sketch, from, limit, p.read)
		if err != nil {
			t.Fatal(err)
		}
		pages++
		if p.sketch.between(page.from, page.before) != page.sum {
			differ++
		}
		if page.before == nil {
			return differ, pages
		}
		from = *page.before
	}
}

func TestSketch(t *testing.T) {
	t.Parallel()
	t.Run("rows_that_were_added_up_in_any_order_are_the_same", func(t *testing.T) {
		t.Parallel()
		p := newProjection(2000, 10)
		for _, limit := range []int{300, 1000, 1 << 20} {
			if differ, pages := p.differing(t, limit); differ != 0 || limit == 1000 && pages < 10 {
				t.Errorf("with %d rows a page, %d of %d pages differ", limit, differ, pages)
			}
		}
	})
	t.Run("one_difference_is_in_one_page", func(t *testing.T) {
		t.Parallel()
		p := newProjection(2000, 10)
		id := p.ids[1234]
		for name, change := range map[string]func(){
			"a_value":         func() { p.rows[id][3] += 1 << 8 },
			"a_power_of_two":  func() { p.rows[id][3] += 1 << 48 },
			"a_row_removed":   func() { delete(p.rows[id], 4) },
			"a_row_too_many":  func() { p.rows[id][99] = 5 << 8 },
			"another_row":     func() { p.rows[id][77] = p.rows[id][5]; delete(p.rows[id], 5) },
			"another_owner":   func() { p.rows[p.ids[1235]][66] = p.rows[id][6]; delete(p.rows[id], 6) },
			"columns_swapped": func() { p.rows[id][7] = p.rows[id][7]>>8&0xff | p.rows[id][7]&0xff<<8 },
		} {
			before := map[ledger.ID]map[int]int64{}
			for _, owner := range []ledger.ID{id, p.ids[1235]} {
				before[owner] = map[int]int64{}
				for row, sum := range p.rows[owner] {
					before[owner][row] = sum
				}
			}
			change()
			if differ, _ := p.differing(t, 1000); differ == 0 || differ > 2 {
				t.Errorf("%s: %d pages differ, want one", name, differ)
			}
			for owner, rows := range before {
				p.rows[owner] = rows
			}
		}
		if differ, _ := p.differing(t, 1000); differ != 0 {
			t.Errorf("%d pages differ after all was mended", differ)
		}
	})
	t.Run("its_memory_does_not_grow_with_its_rows", func(t *testing.T) {
		t.Parallel()
		p := newProjection(2000, 100)
		if parts := len(p.sketch.parts); parts > sketchParts+2000*sketchOwnerAdds/sketchPartAdds+1 {
			t.Errorf("%d parts", parts)
		}
	})
}
