// Package archtest keeps the shape of the code base. Its tests read the imports of every package and
// compare them with the table of who may import whom, and check that machine-written code is only
// where it belongs. A package that is not in the table fails the tests until somebody has decided what
// it may know about.
package archtest
