package demo

import (
	"container/heap"
	"time"
)

// event is something that happens at an instant of simulated time.
type event struct {
	at     time.Time
	serial int64
	play   func() error
}

// agenda holds the events to come. Those of one instant happen in the order in
// which they were planned, so that the whole order follows from the seed.
type agenda struct {
	events  eventHeap
	planned int64
}

func (a *agenda) plan(at time.Time, play func() error) {
	a.planned++
	heap.Push(&a.events, event{at: at, serial: a.planned, play: play})
}

// next takes the earliest event before an instant; ok is false when there is
// none.
func (a *agenda) next(before time.Time) (e event, ok bool) {
	if len(a.events) == 0 || !a.events[0].at.Before(before) {
		return event{}, false
	}
	return heap.Pop(&a.events).(event), true
}

// eventHeap implements heap.Interface.
type eventHeap []event

func (h eventHeap) Len() int { return len(h) }

func (h eventHeap) Less(i, j int) bool {
	if !h[i].at.Equal(h[j].at) {
		return h[i].at.Before(h[j].at)
	}
	return h[i].serial < h[j].serial
}

func (h eventHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface.
func (h *eventHeap) Push(e any) { *h = append(*h, e.(event)) }

// Pop implements heap.Interface.
func (h *eventHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = event{}
	*h = old[:len(old)-1]
	return last
}
