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
    show() {
      panel ??= import('../training/panel.js').then(({ createPanel }) => createPanel(root, onModel));
      panel.then(({ show }) => show()).catch((error) => {
        // Worth another try once there is a network.
        panel = undefined;
        onFailure(error);
      });
    },
  };
}
