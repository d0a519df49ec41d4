base:
  'index*':
    - rewritegen
