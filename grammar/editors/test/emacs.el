;;; emacs.el --- a session of Emacs with the language server  -*- lexical-binding: t -*-

;; Opens a broken file, as a person would: prints the diagnostics, formats, completes, and waits until the file is right.
;; Each step prints a line; the caller compares them.

(require 'cl-lib)
(require 'eglot)
(require 'flymake)

(defun test-wait (what condition)
  (let ((end (+ (float-time) 20)))
    (while (not (funcall condition))
      (when (> (float-time) end)
        (princ (format "FAILED: waited in vain for %s\n" what))
        (kill-emacs 1))
      (accept-process-output nil 0.05))))

(defun test-diagnostics ()
  (flymake-start)
  (flymake-diagnostics))

(defun test-replace-line (number text)
  (goto-char (point-min))
  (forward-line (1- number))
  (delete-region (point) (line-end-position))
  (insert text))

(defun test-session (file)
  (find-file file)
  (unless (eglot-current-server)
    (apply #'eglot--connect (eglot--guess-contact)))
  (test-wait "the server" #'eglot-current-server)
  (test-wait "a diagnostic" #'test-diagnostics)
  (dolist (found (flymake-diagnostics))
    (goto-char (flymake-diagnostic-beg found))
    (princ (format "diagnostic %d:%d %s\n" (line-number-at-pos) (1+ (current-column))
                   (replace-regexp-in-string "\\`.*?there is" "there is"
                                             (car (split-string (flymake-diagnostic-text found) "\n"))))))
  (goto-char (point-min))
  (forward-line 6)
  (forward-char 18)
  (princ (format "hover %s\n"
                 (if (jsonrpc-request (eglot-current-server) :textDocument/hover (eglot--TextDocumentPositionParams))
                     "yes" "no")))
  (eglot-format-buffer)
  (goto-char (point-min))
  (forward-line 3)
  (princ (format "formatted %s\n" (buffer-substring (point) (line-end-position))))
  (test-replace-line 7 "  route shop when severity == Critical => shop_p")
  (let* ((found (eglot-completion-at-point))
         (names (all-completions "shop_p" (nth 2 found))))
    (when (cl-some (lambda (name) (string= (string-trim (substring-no-properties name)) "shop_page")) names)
      (princ "completed shop_page\n")))
  (test-replace-line 7 "  route shop when severity == Critical => shop_page")
  (eglot--signal-textDocument/didChange)
  (test-wait "no diagnostic" (lambda () (not (test-diagnostics))))
  (princ "no diagnostic\n")
  (set-buffer-modified-p nil)
  (kill-emacs 0))

(test-session (car (last command-line-args)))
