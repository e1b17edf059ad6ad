// @ts-check
/** The door to `training/`: nothing of it is fetched before its tab is opened. */

/**
 * @param {HTMLElement} root
 * @param {{onModel: (file: File) => void, onFailure: (error: unknown) => void}} callbacks
 */
export function createTraining(root, { onModel, onFailure }) {
  /** @type {Promise<ReturnType<typeof import('../training/panel.js').createPanel>> | undefined} */
  let panel;
  return {
    /** @param {import('../training/link.js').Setup} [asked] The run that a link asks for. */
    show(asked) {
      panel ??= import('../training/panel.js').then(({ createPanel }) => createPanel(root, onModel));
      panel.then(({ show }) => show(asked)).catch((error) => {
        // Worth another try once there is a network.
        panel = undefined;
        onFailure(error);
      });
    },
  };
}
