// Package systemtest tests the built binary where a test inside the process would not do: the commands of
// README.md, a terminal, and a heal that is killed.
package systemtest
