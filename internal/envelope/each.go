package envelope

// Each calls fn with the key, without its escapes, and the value, as it was
// sent, of each member of a JSON object, in their order; a key may come more
// than once. Both are views into object, but for a key with escapes. An error
// of fn ends the walk and is returned as it is; any other is an [*Error].
//
// Each is as strict as [Scan]. It checks while it walks, so that fn has seen
// the members before a fault.
func Each(object []byte, fn func(key, value []byte) error) error {
	i, err := open(object)
	if err != nil {
		return err
	}
	i++

	var key []byte
	for begun := false; ; begun = true {
		if key, i, err = readKey(object, i, begun); err != nil {
			return err
		}
		if key == nil {
			break
		}

		start := i
		if i, err = skipValue(object, i, 1); err != nil {
			return err
		}
		if err := fn(key, object[start:i:i]); err != nil {
			return err
		}
	}

	if err := checkEnd(object, i); err != nil {
		return err
	}

	return nil
}
