"""Why a request is answered as it is: the trace of the model, with lines of the site file and of the generated text."""
