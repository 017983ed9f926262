package postgres

// Unbuilt returns the invariants that Verify lists as not built yet, and all that it lists.
func Unbuilt() (unbuilt, all []string) {
	for _, check := range invariants {
		all = append(all, check.Invariant)
		if check.Note == notBuilt {
			unbuilt = append(unbuilt, check.Invariant)
		}
	}
	return unbuilt, all
}

// WriterSettings returns what a writer's connection sets.
func WriterSettings() map[string]string { return writerSettings }
