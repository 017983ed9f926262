package postgres

// RegisterArrays is registerArrays.
var RegisterArrays = registerArrays

// UnsealedMax is unsealedMax.
const UnsealedMax = unsealedMax

// Register adds a kind of guard and of effect that only tests have.
func (s *Store) Register(kind string, read GuardRead, write EffectWrite) {
	s.guards[kind] = read
	s.effects = append(s.effects, registeredEffect{kind, write})
}
