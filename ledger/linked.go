package ledger

import (
	"context"
	"fmt"
	"slices"
)

// linkedCommandsMax bounds how many commands may be linked: all of them are one
// decision, which no other batch can come between.
const linkedCommandsMax = 100

// PostLinked submits commands of one book that are accepted together or not at all
// (I27), in their order, each of which sees what those before it did. When one is
// refused it gets its own refusal, and every other a LinkedError that carries it; all
// are stored with their keys. When a key was used before, nothing new happens: those
// that were get their stored outcome, and others a ConflictError, which is not
// stored. The errors are those of Post.
func (l *Ledger) PostLinked(ctx context.Context, commands []Command) ([]Outcome, error) {
	pending, err := l.submit(ctx, commands)
	if err != nil {
		return nil, err
	}
	if err := pending.await(ctx); err != nil {
		return nil, err
	}
	return pending.outcomes, pending.err
}

// validateLinked refuses what only a programming error can link.
func validateLinked(commands []Command) error {
	if len(commands) == 0 || len(commands) > linkedCommandsMax {
		return fmt.Errorf("%w: %d linked commands, at most %d may be", ErrInvalidCommand, len(commands), linkedCommandsMax)
	}
	keys := make(map[IdempotencyKey]bool, len(commands))
	for i := range commands {
		if commands[i].Book != commands[0].Book {
			return fmt.Errorf("%w: linked commands of books %d and %d", ErrInvalidCommand, commands[0].Book, commands[i].Book)
		}
		if keys[commands[i].Key] {
			return fmt.Errorf("%w: two linked commands have one key", ErrInvalidCommand)
		}
		keys[commands[i].Key] = true
	}
	return nil
}

// foldLinked decides linked commands and adds what they wrote, or nothing of them.
func (b *batch) foldLinked(commands []*Command) ([]Outcome, error) {
	if outcomes, used := b.replayLinked(commands); used {
		return outcomes, nil
	}
	outcomes := make([]Outcome, len(commands))
	deltas := make([][]*Delta, len(commands))
	work := b.state.copy()
	for i, c := range commands {
		var err error
		if deltas[i], outcomes[i], err = b.rules.decide(work, c); err != nil {
			return nil, err
		}
		if outcomes[i].Refusal != nil {
			return b.refuseLinked(commands, i, outcomes[i].Refusal), nil
		}
		for _, delta := range deltas[i] {
			work.Advance(delta)
		}
	}
	for _, own := range deltas {
		journal := &own[len(own)-1].Journal
		journal.Group, journal.GroupSize = commands[0].ID, int16(len(commands))
	}
	if err := b.checkAll(slices.Concat(deltas...)); err != nil {
		return nil, err
	}
	for i, c := range commands {
		b.addAll(c, deltas[i])
		b.store(c, outcomes[i])
	}
	return outcomes, nil
}

// replayLinked answers commands of which one or more were decided before.
func (b *batch) replayLinked(commands []*Command) (outcomes []Outcome, used bool) {
	outcomes = make([]Outcome, len(commands))
	for i, c := range commands {
		if stored, found := b.state.Keys[c.Key]; found {
			outcomes[i], used = replay(stored, c), true
		} else {
			outcomes[i] = Outcome{Refusal: &ConflictError{}}
		}
	}
	return outcomes, used
}

func (b *batch) refuseLinked(commands []*Command, culprit int, cause Refusal) []Outcome {
	outcomes := make([]Outcome, len(commands))
	for i, c := range commands {
		outcomes[i].Refusal = &LinkedError{Index: int64(culprit), Cause: cause}
		if i == culprit {
			outcomes[i].Refusal = cause
		}
		b.store(c, outcomes[i])
	}
	return outcomes
}
